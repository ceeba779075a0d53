// Figures over many sessions: the question to Postgres, and what comes of its sums. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/connection.hpp"
#include "storage/reader.hpp"
#include "storage/scope.hpp"

namespace callroom::storage {

// A mean over sessions, how many it stands on, and half the width of its 95 % confidence interval where that is known.
struct Mean {
  std::uint64_t sessions = 0;
  std::optional<double> value, margin;
};

struct Share {
  std::uint64_t hits = 0, sessions = 0;
  std::optional<double> percent() const;
  std::optional<double> margin() const;  // in points of percent, 95 %
};

inline constexpr std::size_t kRatings = 6;
extern const std::array<const char*, kRatings> kRatingNames;  // best first; failed and unrated last

struct Figures {
  std::uint64_t sessions = 0;
  std::array<std::uint64_t, kRatings> by_rating{};
  double duration_s = 0;
  Mean score, latency, jitter, loss_in, loss_out, bandwidth_in, bandwidth_out, frame_rate;
  std::optional<double> latency_p50_ms, latency_p95_ms;  // by histogram: off by no more than a bin's width, 8 %
  Share poor_or_failed;                                  // (poor + failed) / (rated + failed)
  Share dropped;                                         // sessions with a connection drop, of all
  std::uint64_t drops = 0, recoveries = 0, freezes = 0, negotiations = 0, glare = 0;
  double freeze_ms = 0;
  std::array<std::uint64_t, 20> score_histogram{};  // 5 points each
};

enum class Bucket { kNone, k5Min, kHour, k3Hours, kDay };

// One row for each group, with the group's name or the bucket's start in "at" or "provider". By bucket there are only
// sessions, ratings, score, latency, loss and drops, without margins: there can be hundreds.
Query figures_query(const Scope& scope);
Query figures_by_provider_query(const Scope& scope);
Query figures_by_bucket_query(const Scope& scope, Bucket bucket);

Figures read_figures(const Rows& rows, std::size_t row);

// The issue catalogue (quality-model), worst-known order aside: code and severity of each pair.
struct IssueKind {
  const char* code;
  const char* severity;
};
extern const std::array<IssueKind, 22> kIssueKinds;
bool is_issue_code(std::string_view code);

// One row: how many sessions, and how many have each of kIssueKinds.
Query issues_query(const Scope& scope);

// The q-quantile of what the latency bins hold, as percentile_cont has it, linear within a bin. Absent where they are
// empty.
std::optional<double> latency_quantile(const std::vector<std::uint64_t>& bins, double q);
double latency_edge(std::size_t bin);  // upper edge in ms of bins 0 to 83

}  // namespace callroom::storage
