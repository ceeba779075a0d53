// Jansson with ownership in the types: Json owns one reference, JsonView borrows. No raw json_t* with an unwritten
// rule.
#pragma once

#include <jansson.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace callroom::json {

// Borrowed: valid as long as its owner. A null view reads as "absent" everywhere.
class JsonView {
 public:
  JsonView() = default;
  explicit JsonView(json_t* value) : value_(value) {}

  json_t* get() const { return value_; }
  explicit operator bool() const { return value_ != nullptr; }

  bool is_object() const { return json_is_object(value_); }
  bool is_array() const { return json_is_array(value_); }
  bool is_string() const { return json_is_string(value_); }
  bool is_null() const { return json_is_null(value_); }

  // The member, or a null view where this is no object or has no such member.
  JsonView operator[](const char* key) const { return JsonView(json_object_get(value_, key)); }
  JsonView at(std::size_t index) const { return JsonView(json_array_get(value_, index)); }
  std::size_t size() const { return is_array() ? json_array_size(value_) : json_object_size(value_); }

  // Absent where the value is of another type. A string with an embedded NUL keeps it.
  std::optional<std::string_view> string() const {
    if (!json_is_string(value_)) return std::nullopt;
    return std::string_view(json_string_value(value_), json_string_length(value_));
  }
  std::optional<std::int64_t> integer() const {
    if (!json_is_integer(value_)) return std::nullopt;
    return json_integer_value(value_);
  }
  std::optional<double> number() const {
    if (!json_is_number(value_)) return std::nullopt;
    return json_number_value(value_);
  }
  std::optional<bool> boolean() const {
    if (!json_is_boolean(value_)) return std::nullopt;
    return json_is_true(value_);
  }

 private:
  json_t* value_ = nullptr;
};

// Owned: releases its reference when it goes.
class Json {
 public:
  Json() = default;
  static Json adopt(json_t* value) { return Json(value); }               // takes over the caller's reference
  static Json share(json_t* value) { return Json(json_incref(value)); }  // takes a reference of its own
  static Json object() { return Json(json_object()); }
  static Json array() { return Json(json_array()); }

  Json(std::string_view text) : value_(json_stringn(text.data(), text.size())) {}  // NOLINT: implicit by design
  Json(const char* text) : Json(std::string_view(text)) {}                         // NOLINT: implicit by design
  Json(const std::string& text) : Json(std::string_view(text)) {}                  // NOLINT: implicit by design
  Json(bool value) : value_(json_boolean(value)) {}                                // NOLINT: implicit by design
  Json(int value) : value_(json_integer(value)) {}                                 // NOLINT: implicit by design
  Json(std::int64_t value) : value_(json_integer(value)) {}                        // NOLINT: implicit by design
  Json(double value) : value_(json_real(value)) {}                                 // NOLINT: implicit by design

  // An absent value becomes null, so that "not measured" reads as null and never as 0.
  template <typename T>
  Json(const std::optional<T>& value) : Json(value ? Json(*value) : adopt(json_null())) {}  // NOLINT: implicit

  Json(Json&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Json& operator=(Json&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  Json(const Json&) = delete;
  Json& operator=(const Json&) = delete;
  ~Json() { json_decref(value_); }

  explicit operator bool() const { return value_ != nullptr; }
  JsonView view() const { return JsonView(value_); }
  json_t* get() const { return value_; }
  json_t* release() { return std::exchange(value_, nullptr); }  // the caller owns it now

  // Text that is not UTF-8 is stored as null rather than making the whole object fail.
  Json& set(const char* key, Json value) {
    json_object_set_new(value_, key, value.value_ != nullptr ? value.release() : json_null());
    return *this;
  }
  Json& append(Json value) {
    json_array_append_new(value_, value.value_ != nullptr ? value.release() : json_null());
    return *this;
  }

  std::string dump(std::size_t flags = JSON_COMPACT) const {
    char* text = json_dumps(value_, flags | JSON_ENCODE_ANY);
    std::string result = text != nullptr ? text : "";
    free(text);  // NOLINT: Jansson allocates with malloc
    return result;
  }

 private:
  explicit Json(json_t* value) : value_(value) {}

  json_t* value_ = nullptr;
};

// Null where the text is no JSON value.
inline Json parse(std::string_view text) {
  return Json::adopt(json_loadb(text.data(), text.size(), JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, nullptr));
}

}  // namespace callroom::json
