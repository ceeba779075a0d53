#include "admin/figures_json.hpp"

namespace callroom::admin {
namespace {

using json::Json;

Json count(std::uint64_t value) {
  return Json(static_cast<std::int64_t>(value));
}

Json mean_json(const storage::Mean& mean, const char* name) {
  Json object = Json::object();
  object.set(name, mean.value).set("sessions", count(mean.sessions));
  return object;
}

Json with_margin(Json object, const storage::Mean& mean) {
  object.set("margin", mean.margin);
  return object;
}

Json latency_json(const storage::Figures& figures) {
  Json latency = mean_json(figures.latency, "avg_ms");
  latency.set("p50_ms", figures.latency_p50_ms).set("p95_ms", figures.latency_p95_ms);
  return latency;
}

Json drops_json(const storage::Figures& figures) {
  Json drops = Json::object();
  drops.set("share_pct", figures.dropped.percent()).set("count", count(figures.drops));
  drops.set("sessions", count(figures.dropped.hits));
  return drops;
}

}  // namespace

Json point_json(const storage::Figures& figures) {
  Json answer = Json::object();
  answer.set("sessions", count(figures.sessions)).set("scored", count(figures.score.sessions));
  answer.set("score", figures.score.value);

  Json ratings = Json::object();
  for (std::size_t i = 0; i < storage::kRatings; ++i) {
    Json rating = Json::object();
    rating.set("sessions", count(figures.by_rating[i]));
    rating.set("share_pct", storage::Share{figures.by_rating[i], figures.sessions}.percent());
    ratings.set(storage::kRatingNames[i], std::move(rating));
  }
  answer.set("ratings", std::move(ratings));

  Json poor = Json::object();
  poor.set("share_pct", figures.poor_or_failed.percent()).set("sessions", count(figures.poor_or_failed.sessions));
  answer.set("poor_or_failed", std::move(poor)).set("latency", latency_json(figures));
  answer.set("loss_in", mean_json(figures.loss_in, "avg_pct")).set("loss_out", mean_json(figures.loss_out, "avg_pct"));
  answer.set("drops", drops_json(figures));
  return answer;
}

Json figures_json(const storage::Figures& figures) {
  Json answer = point_json(figures);
  answer.set("duration_s", figures.duration_s).set("score_margin", figures.score.margin);
  answer.set("latency", with_margin(latency_json(figures), figures.latency));
  const auto mean = [](const storage::Mean& of, const char* name) { return with_margin(mean_json(of, name), of); };
  answer.set("jitter", mean(figures.jitter, "avg_ms"));
  answer.set("loss_in", mean(figures.loss_in, "avg_pct")).set("loss_out", mean(figures.loss_out, "avg_pct"));
  answer.set("bandwidth_in", mean(figures.bandwidth_in, "avg_kbps"));
  answer.set("bandwidth_out", mean(figures.bandwidth_out, "avg_kbps"));
  answer.set("frame_rate", mean(figures.frame_rate, "avg"));
  Json drops = drops_json(figures);
  drops.set("recoveries", count(figures.recoveries));
  answer.set("drops", std::move(drops));
  Json freezes = Json::object();
  freezes.set("count", count(figures.freezes)).set("ms", figures.freeze_ms);
  answer.set("freezes", std::move(freezes));
  answer.set("negotiations", count(figures.negotiations)).set("glare", count(figures.glare));

  Json histogram = Json::array();
  for (const std::uint64_t sessions : figures.score_histogram) histogram.append(count(sessions));
  answer.set("score_histogram", std::move(histogram));
  return answer;
}

}  // namespace callroom::admin
