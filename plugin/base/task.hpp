// A callable to be run once, which may own things that cannot be copied (std::function cannot).
#pragma once

#include <memory>
#include <utility>

namespace callroom {

class Task {
 public:
  Task() = default;
  template <typename F>
  Task(F&& callable) : body_(std::make_unique<Body<std::decay_t<F>>>(std::forward<F>(callable))) {}  // NOLINT: implicit

  void operator()() { body_->run(); }

 private:
  struct Concept {
    virtual ~Concept() = default;
    virtual void run() = 0;
  };
  template <typename F>
  struct Body final : Concept {
    explicit Body(F&& callable) : f(std::move(callable)) {}
    explicit Body(const F& callable) : f(callable) {}
    void run() override { f(); }
    F f;
  };

  std::unique_ptr<Concept> body_;
};

}  // namespace callroom
