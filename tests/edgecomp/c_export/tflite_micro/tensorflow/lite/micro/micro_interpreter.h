// The part of TensorFlow Lite Micro's interface that the example program uses, with its signatures, and no kernels:
// running the model copies input 0 to output 0 as far as it goes.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };

struct TfLiteTensor {
  void* data;
};

namespace tflite {

struct Model {
  const void* bytes;
};

class MicroOpResolver {
 public:
  unsigned int added = 0;
};

template <class T>
T* GetTensorData(TfLiteTensor* tensor) {
  return static_cast<T*>(tensor->data);
}

class MicroInterpreter {
 public:
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver, uint8_t* tensor_arena,
                   size_t tensor_arena_size)
      : model_(model), resolver_(op_resolver), size_(tensor_arena_size) {
    input_.data = tensor_arena;
    output_.data = tensor_arena + tensor_arena_size / 2;
  }
  TfLiteStatus AllocateTensors() { return model_->bytes && resolver_.added ? kTfLiteOk : kTfLiteError; }
  TfLiteStatus Invoke() {
    memcpy(output_.data, input_.data, 4);
    return kTfLiteOk;
  }
  TfLiteTensor* input(size_t) { return &input_; }
  TfLiteTensor* output(size_t) { return &output_; }
  size_t arena_used_bytes() const { return size_ - 1; }

 private:
  const Model* model_;
  const MicroOpResolver& resolver_;
  size_t size_;
  TfLiteTensor input_, output_;
};

}  // namespace tflite
