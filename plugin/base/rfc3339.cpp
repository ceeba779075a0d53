#include "base/rfc3339.hpp"

namespace callroom {
namespace {

// Reads fixed-width numbers and separators from left to right; the first misfit makes it fail.
class TimeText {
 public:
  explicit TimeText(std::string_view text) : text_(text) {}

  int number(std::size_t digits, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_.empty() || text_.front() < '0' || text_.front() > '9') return fail();
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value >= least && value <= most ? value : fail();
  }
  char one_of(std::string_view allowed) {
    if (text_.empty() || allowed.find(text_.front()) == std::string_view::npos) return static_cast<char>(fail());
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  // Digits after a point, as microseconds; further ones are dropped.
  int fraction_us() {
    if (text_.empty() || text_.front() != '.') return 0;
    text_.remove_prefix(1);
    int value = 0, digits = 0;
    for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; ++digits) {
      if (digits < 6) value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    if (digits == 0) return fail();
    for (; digits < 6; ++digits) value *= 10;
    return value;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return text_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  TimeText in(text);
  // One statement for each part: within an expression the order of reading would be the compiler's choice.
  const year y(in.number(4, 2000, 2199));
  in.one_of("-");
  const month m(static_cast<unsigned>(in.number(2, 1, 12)));
  in.one_of("-");
  const day d(static_cast<unsigned>(in.number(2, 1, 31)));
  in.one_of("Tt ");
  auto clock = std::chrono::duration_cast<seconds>(hours(in.number(2, 0, 23)));
  in.one_of(":");
  clock += minutes(in.number(2, 0, 59));
  in.one_of(":");
  clock += seconds(in.number(2, 0, 60));
  const auto fraction = microseconds(in.fraction_us());
  const char zone = in.one_of("Zz+-");
  minutes offset(0);
  if (zone == '+' || zone == '-') {
    offset = hours(in.number(2, 0, 23));
    in.one_of(":");
    offset += minutes(in.number(2, 0, 59));
    if (zone == '-') offset = -offset;
  }
  const year_month_day date(y, m, d);
  if (!in.ok() || !in.at_end() || !date.ok()) return std::nullopt;
  return WallTime(sys_days(date).time_since_epoch() + clock + fraction - offset);
}

}  // namespace callroom
