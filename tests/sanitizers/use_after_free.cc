#include <memory>

int main(int count, char**) {
  auto owner = std::make_unique<int>(count);
  volatile int* left_behind = owner.get();
  owner.reset();
  return *left_behind;
}
