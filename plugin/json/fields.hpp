// Reads typed fields out of a request and remembers the first thing that is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "json/json.hpp"

namespace callroom::json {

class Fields {
 public:
  explicit Fields(JsonView object) : object_(object) {}

  // Absent fields (and null) yield nullopt or the fallback. A wrong type or value makes the whole request invalid.
  std::optional<std::string> text(const char* name, std::size_t max_bytes);
  std::optional<bool> flag(const char* name);
  std::optional<std::int64_t> integer(const char* name, std::int64_t least, std::int64_t most);
  std::optional<double> number(const char* name);   // finite
  std::optional<std::string> id(const char* name);  // see is_valid_id
  // One of `allowed`; its index.
  std::optional<std::size_t> choice(const char* name, std::initializer_list<std::string_view> allowed);
  // A comma-separated string or an array of strings, each one of `allowed`, none twice, at least one.
  std::optional<std::vector<std::string>> choices(const char* name, std::initializer_list<std::string_view> allowed);
  std::optional<WallTime> time(const char* name);                                   // see parse_rfc3339
  std::optional<std::string> object_text(const char* name, std::size_t max_bytes);  // a JSON object, as compact text
  // …, which is part of the field.
  std::optional<std::string> object_text(const char* name, JsonView value, std::size_t max_bytes);

  std::string required_id(const char* name);
  std::string required_text(const char* name, std::size_t max_bytes);
  std::int64_t required_integer(const char* name, std::int64_t least, std::int64_t most);

  JsonView raw(const char* name) const { return object_[name]; }  // null where absent; JSON null is a view of it

  void fail(ErrorCode code, std::string text);
  const std::optional<Error>& error() const { return error_; }

 private:
  JsonView present(const char* name) const;

  JsonView object_;
  std::optional<Error> error_;
};

}  // namespace callroom::json
