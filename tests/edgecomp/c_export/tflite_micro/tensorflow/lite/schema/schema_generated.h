#pragma once
#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite {

inline const Model* GetModel(const void* buf) {
  static Model model;
  model.bytes = buf;
  return &model;
}

}  // namespace tflite
