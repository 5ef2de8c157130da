// Sinkhorn of n = 4 in plain CUDA, one matrix a thread in registers, dialect `tilekernels`: what an engineer writes first. Built by peers.py:
//   nvcc -O3 -arch=native -shared -Xcompiler -fPIC
#include <cuda_runtime.h>

constexpr float epsilon = 1e-6f;

__device__ void columns(float m[16]) {
#pragma unroll
  for (int j = 0; j < 4; j++) {
    float sum = m[j] + m[4 + j] + m[8 + j] + m[12 + j] + epsilon;
#pragma unroll
    for (int i = 0; i < 4; i++) m[4 * i + j] /= sum;
  }
}

__device__ void rows(float m[16]) {
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float sum = m[4 * i] + m[4 * i + 1] + m[4 * i + 2] + m[4 * i + 3] + epsilon;
#pragma unroll
    for (int j = 0; j < 4; j++) m[4 * i + j] /= sum;
  }
}

__global__ void sinkhorn(const float* __restrict__ logits, float* __restrict__ result, long matrices, int iterations) {
  long at = blockIdx.x * (long)blockDim.x + threadIdx.x;
  if (at >= matrices) return;
  float m[16];
#pragma unroll
  for (int k = 0; k < 4; k++) reinterpret_cast<float4*>(m)[k] = reinterpret_cast<const float4*>(logits + 16 * at)[k];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float largest = fmaxf(fmaxf(m[4 * i], m[4 * i + 1]), fmaxf(m[4 * i + 2], m[4 * i + 3])), sum = 0;
#pragma unroll
    for (int j = 0; j < 4; j++) sum += m[4 * i + j] = expf(m[4 * i + j] - largest);
#pragma unroll
    for (int j = 0; j < 4; j++) m[4 * i + j] = m[4 * i + j] / sum + epsilon;
  }
  columns(m);
  for (int t = 1; t < iterations; t++) {
    rows(m);
    columns(m);
  }
#pragma unroll
  for (int k = 0; k < 4; k++) reinterpret_cast<float4*>(result + 16 * at)[k] = reinterpret_cast<float4*>(m)[k];
}

extern "C" void launch(const float* logits, float* result, long matrices, int iterations, void* stream) {
  constexpr int threads = 128;
  sinkhorn<<<(unsigned)((matrices + threads - 1) / threads), threads, 0, (cudaStream_t)stream>>>(logits, result, matrices, iterations);
}
