#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace crossfoot::runtime {

/// One contiguous, reused buffer: bytes are written behind the data and taken from its front.
/// Everything that points into it is invalid after `prepare` and `shrink`.
class FlatBuffer {
 public:
  [[nodiscard]] char* data() { return bytes_.get() + begin_; }
  [[nodiscard]] const char* data() const { return bytes_.get() + begin_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] std::string_view view() const { return {data(), size()}; }

  /// All the room behind the data, at least `room` bytes.
  std::span<char> prepare(std::size_t room) {
    if (capacity_ - end_ < room) make_room(room);
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) { end_ += count; }
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  /// Takes `count` bytes out at `at`; what lies behind moves down.
  void erase(std::size_t at, std::size_t count) {
    std::memmove(data() + at, data() + at + count, size() - at - count);
    end_ -= count;
  }
  /// Gives the memory back when the buffer is empty and larger than `capacity_max`.
  void shrink(std::size_t capacity_max) {
    if (size() != 0 || capacity_ <= capacity_max) return;
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  static constexpr std::size_t capacity_min = 4096;

  void make_room(std::size_t room) {
    const std::size_t held = size();
    if (held + room <= capacity_ && held <= capacity_ / 2) {
      std::memmove(bytes_.get(), data(), held);
    } else {
      const std::size_t capacity = std::max({capacity_min, capacity_ * 2, held + room});
      auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
      if (held != 0) std::memcpy(bytes.get(), data(), held);
      bytes_ = std::move(bytes);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace crossfoot::runtime
