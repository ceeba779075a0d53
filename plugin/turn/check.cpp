#include "turn/check.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

#include "turn/path_check.hpp"
#include "turn/stun_message.hpp"

namespace callroom::turn {
namespace {

constexpr MonotonicUs kResolveTimeUs = 5'000'000;

struct Resolved {
  std::vector<Address> addresses;  // at most one a family, IPv4 first
  Failure failure;                 // where there are none
};

void add_first_of_family(std::vector<Address>& addresses, const Address& address) {
  const auto same = [&](const Address& seen) { return seen.family == address.family; };
  if (std::none_of(addresses.begin(), addresses.end(), same)) addresses.push_back(address);
}

Resolved judged(const std::vector<Address>& all, bool only_public) {
  Resolved resolved;
  for (const auto& address : all) {
    if (only_public && !is_public(address)) {
      return {{}, {Verdict::kAddressRefused, std::string("a ") + kind_name(classify(address)) + " address"}};
    }
    add_first_of_family(resolved.addresses, address);
  }
  std::sort(resolved.addresses.begin(), resolved.addresses.end(),
            [](const Address& a, const Address& b) { return a.family < b.family; });
  return resolved;
}

// Once: what is checked here is what is connected to, so that a name cannot change its mind in between.
Resolved resolve(const CheckTarget& target, const Cancel& cancel, MonotonicUs until) {
  if (const auto literal = parse_ip(target.url.host, target.url.port)) return judged({*literal}, target.only_public);
  Waiter waiter(cancel.get());
  const ObjectPtr<GResolver> resolver(g_resolver_get_default());
  std::vector<Address> all;
  ErrorPtr error;
  const auto waited = waiter.operation(
      [&](GCancellable* stop, GAsyncReadyCallback done, gpointer data) {
        g_resolver_lookup_by_name_async(resolver.get(), target.url.host.c_str(), stop, done, data);
      },
      [&](GAsyncResult* result) {
        GError* raw = nullptr;
        GList* found = g_resolver_lookup_by_name_finish(resolver.get(), result, &raw);
        error.reset(raw);
        for (GList* item = found; item != nullptr; item = item->next) {
          const ObjectPtr<GSocketAddress> address(
              g_inet_socket_address_new(static_cast<GInetAddress*>(item->data), target.url.port));
          if (const auto converted = address_from(address.get())) all.push_back(*converted);
        }
        g_resolver_free_addresses(found);
      },
      until);
  if (waited == Waited::kCancelled) return {{}, {Verdict::kCancelled, ""}};
  if (waited == Waited::kTimeout) return {{}, {Verdict::kDnsFailed, "the name was not resolved in 5 s"}};
  if (all.empty()) return {{}, {Verdict::kDnsFailed, error ? error_text(*error) : "the name has no address"}};
  return judged(all, target.only_public);
}

class ServerCheck {
 public:
  ServerCheck(const CheckTarget& target, const Cancel& cancel, const CheckObserver& observer)
      : target_(target),
        cancel_(cancel),
        observer_(observer),
        began_(monotonic_now()),
        steps_(report_.steps, began_, monotonic_now, [this] { observer_(report_); }) {
    report_.server_id = target.server_id;
    report_.url = target.url.text();
    report_.transport = target.url.transport;
    report_.scheme_added = target.url.scheme_added;
    report_.relays = target.url.relays();
    report_.started_at = wall_now();
  }

  CheckReport run() {
    if (auto failure = prepare()) {
      report_.verdict = failure->verdict;
      report_.reason = std::move(failure->reason);
      steps_.end(failure->verdict == Verdict::kCancelled ? StepState::kSkipped : StepState::kFail, report_.reason);
    } else {
      run_paths();
    }
    report_.duration_ms = static_cast<double>(monotonic_now() - began_) / 1000.0;
    conclude(report_);
    report_.finished = true;
    observer_(report_);
    return std::move(report_);
  }

 private:
  std::optional<Failure> prepare() {
    if (auto failure = read_credentials()) return failure;
    steps_.begin("resolve");
    auto resolved = resolve(target_, cancel_, began_ + kResolveTimeUs);
    if (resolved.addresses.empty()) return resolved.failure;
    addresses_ = std::move(resolved.addresses);
    std::string detail;
    for (const auto& address : addresses_) detail += (detail.empty() ? "" : ", ") + ip_text(address);
    steps_.end(StepState::kPass, detail);
    return std::nullopt;
  }

  // A time that is over needs no packet to be found out.
  std::optional<Failure> read_credentials() {
    if (!target_.url.relays() || !target_.credentials) return std::nullopt;
    const auto reading = read_expiry(target_.credentials->username, wall_now());
    if (reading.expiry == Expiry::kNone || reading.expiry == Expiry::kValid) return std::nullopt;
    steps_.begin("credentials");
    if (reading.expiry == Expiry::kValidMilliseconds) {
      steps_.end(StepState::kWarn, "the time in the user name is in milliseconds");
      return std::nullopt;
    }
    return Failure{Verdict::kCredentialsExpired, reading.expiry == Expiry::kPast
                                                     ? "the time in the user name is over"
                                                     : "the time in the user name is over, and is in milliseconds"};
  }

  // IPv4 and IPv6 side by side, so that a dead one does not eat the other's time.
  void run_paths() {
    report_.paths.resize(addresses_.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      report_.paths[i].server = addresses_[i];
      report_.paths[i].transport = target_.url.transport;
      threads.emplace_back([this, i] {
        const auto observe = [this, i](const PathReport& path) {
          const std::lock_guard lock(mutex_);
          report_.paths[i] = path;
          observer_(report_);
        };
        auto path = PathCheck(target_, addresses_[i], cancel_, began_, observe).run();
        const std::lock_guard lock(mutex_);
        report_.paths[i] = std::move(path);
      });
    }
    for (auto& thread : threads) thread.join();
  }

  const CheckTarget& target_;
  const Cancel& cancel_;
  const CheckObserver& observer_;
  const MonotonicUs began_;
  std::mutex mutex_;  // the paths' threads write into the report
  CheckReport report_;
  StepLog steps_;
  std::vector<Address> addresses_;
};

}  // namespace

CheckReport check_server(const CheckTarget& target, const Cancel& cancel, const CheckObserver& observer) {
  return ServerCheck(target, cancel, observer).run();
}

}  // namespace callroom::turn
