"""From a float .tflite to integers: ranges observed on samples, and the schemes made from them."""
