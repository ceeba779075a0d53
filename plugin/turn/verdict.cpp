#include "turn/verdict.hpp"

#include <iterator>

namespace callroom::turn {
namespace {

struct Entry {
  Verdict verdict;
  Status status;
  std::string_view name;
  std::string_view meaning;
  std::string_view recommendation;
};

constexpr Entry kEntries[] = {
    {Verdict::kOk, Status::kPass, "ok", "The server works: data went through it and came back.", ""},
    {Verdict::kOkButOpenRelay, Status::kWarn, "ok_but_open_relay",
     "The server relays for anybody: it asked for no credentials.",
     "Turn authentication on (coturn: lt-cred-mech or use-auth-secret). An open relay is soon found and used to hide "
     "attacks behind your address."},
    {Verdict::kCredentialsRejected, Status::kFail, "credentials_rejected",
     "The server is there but does not accept this user name and password.",
     "Compare the user name, password or secret with the server's configuration, and its realm. With a shared secret, "
     "also compare the clocks of both machines."},
    {Verdict::kCredentialsExpired, Status::kFail, "credentials_expired",
     "The time in the user name is over; no packet was sent.",
     "These are time-limited credentials that were stored. Configure the shared secret instead of a user name made "
     "from it, or renew them. The time must be in seconds, not milliseconds."},
    {Verdict::kRefused, Status::kFail, "refused", "The machine answered that nothing listens on this port.",
     "Start the TURN server, or correct the port and the transport: a server may listen on UDP but not on TCP."},
    {Verdict::kUnreachable, Status::kFail, "unreachable", "The network has no way to this address.",
     "Check the address, the route, and whether this machine has IPv6 at all if the address is an IPv6 one."},
    {Verdict::kBlocked, Status::kFail, "blocked", "This machine is not allowed to send there.",
     "A firewall rule on this machine forbids the packet. Allow outgoing traffic to the server's port."},
    {Verdict::kNoResponse, Status::kFail, "no_response", "No answer came within the time of the check.",
     "Most often a firewall or security group drops the packets: allow UDP and TCP to the port from everywhere. Else "
     "the "
     "server is down, or listens on another address."},
    {Verdict::kConnectTimeout, Status::kFail, "connect_timeout", "The TCP connection was never accepted.",
     "A firewall drops TCP to this port, or the server has no free place in its queue. Allow the port for TCP; UDP and "
     "TCP are often separate rules."},
    {Verdict::kDnsFailed, Status::kFail, "dns_failed", "The server's name does not resolve.",
     "Correct the name or its DNS record, and check that this machine can resolve names."},
    {Verdict::kTlsNotSpoken, Status::kFail, "tls_not_spoken", "The port answers, but not with TLS.",
     "Give the server a certificate and a TLS port (coturn: cert, pkey, tls-listening-port), or use turn: instead of "
     "turns:."},
    {Verdict::kTlsUntrusted, Status::kFail, "tls_untrusted", "The certificate is not from a trusted authority.",
     "Install a certificate from a public authority, with its intermediates (coturn: cert takes the whole chain). "
     "Browsers refuse this one without saying why."},
    {Verdict::kTlsExpired, Status::kFail, "tls_expired", "The certificate has expired.",
     "Renew it and make the server read it again (coturn: SIGUSR2 or a restart); then automate the renewal."},
    {Verdict::kTlsNotYetValid, Status::kFail, "tls_not_yet_valid", "The certificate is not valid yet.",
     "Set the clocks of the server and of this machine; if they are right, issue the certificate again."},
    {Verdict::kTlsWrongName, Status::kFail, "tls_wrong_name", "The certificate is for another name.",
     "Use the name that stands in the certificate in the URL, or issue one for this name. An address instead of a name "
     "needs it in the certificate too."},
    {Verdict::kTlsUnavailable, Status::kSkipped, "tls_unavailable", "This machine cannot test TLS.",
     "Install glib-networking on the machine Janus runs on (Debian: apt install glib-networking), then start Janus "
     "again."},
    {Verdict::kStaleNonceLoop, Status::kFail, "stale_nonce_loop", "The server calls every nonce stale, its own too.",
     "Several servers behind one address without a shared nonce secret do this, and so does a clock that jumps. Send "
     "each "
     "client to one server, or give each its own name."},
    {Verdict::kQuotaReached, Status::kFail, "quota_reached", "This user has all the allocations it may have.",
     "Raise the quota (coturn: user-quota), or use time-limited credentials of each user's own instead of one shared "
     "name."},
    {Verdict::kAtCapacity, Status::kFail, "at_capacity", "The server has no room for a further relay.",
     "Widen the range of relay ports (coturn: min-port, max-port) and total-quota, or add a server."},
    {Verdict::kRedirected, Status::kWarn, "redirected", "The server sends its clients to another one.",
     "Test the server it names, and configure that one. Browsers follow a redirect, but each call starts later for "
     "it."},
    {Verdict::kNoRelayForTransport, Status::kFail, "no_relay_for_transport", "The server relays no UDP.",
     "Allow UDP relaying on it (coturn: remove no-udp-relay): calls need it whatever the client's own transport is."},
    {Verdict::kNoRelayForFamily, Status::kFail, "no_relay_for_family",
     "The server has no relay address of the family that was asked for.",
     "Clients ask for an IPv4 relay, also over IPv6: give the server an IPv4 relay address (coturn: relay-ip)."},
    {Verdict::kTurnNotOffered, Status::kFail, "turn_not_offered", "Something answers there, but it is no TURN server.",
     "If it is a STUN server, use stun: in the URL. If another service has the port, correct the port."},
    {Verdict::kForbidden, Status::kFail, "forbidden", "The server gives a relay but forbids the peers.",
     "Look at its rules for peers (coturn: denied-peer-ip, allowed-peer-ip). Browsers list a relay candidate all the "
     "same, "
     "and calls fail."},
    {Verdict::kNoData, Status::kFail, "no_data", "The server gives a relay, but no data came back through it.",
     "Open the server's relay ports for UDP in its firewall (coturn: min-port to max-port, 49152 to 65535 by default), "
     "and "
     "behind NAT set external-ip."},
    {Verdict::kAddressRefused, Status::kFail, "address_refused",
     "The name leads to an address that tests must not reach.",
     "Configure the server in the .jcfg if it is meant to be tested; only public addresses may be tested ad hoc."},
    {Verdict::kInconclusive, Status::kWarn, "inconclusive", "The answers were too few and too late to judge.",
     "Run the test again. If it stays so, the way to the server loses many packets, or the server is overloaded."},
    {Verdict::kCancelled, Status::kSkipped, "cancelled", "The test was cancelled.", ""},
};

const Entry& entry(Verdict verdict) {
  return kEntries[static_cast<std::size_t>(verdict)];
}

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kEntries); ++i) {
    if (static_cast<std::size_t>(kEntries[i].verdict) != i) return false;
  }
  return std::size(kEntries) == static_cast<std::size_t>(Verdict::kCancelled) + 1;
}
static_assert(in_order(), "kEntries follows the order of Verdict, and is complete");

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  return entry(verdict).name;
}

std::optional<Verdict> verdict_from(std::string_view name) {
  for (const auto& candidate : kEntries) {
    if (candidate.name == name) return candidate.verdict;
  }
  return std::nullopt;
}

std::string_view status_name(Status status) {
  constexpr std::string_view kNames[] = {"pass", "warn", "fail", "skipped"};
  return kNames[static_cast<std::size_t>(status)];
}

Status status_of(Verdict verdict) {
  return entry(verdict).status;
}

bool serves_clients(Verdict verdict) {
  return verdict == Verdict::kOk || verdict == Verdict::kOkButOpenRelay || verdict == Verdict::kRedirected;
}

int rank(Verdict verdict) {
  switch (status_of(verdict)) {
    case Status::kPass:
      return 3;
    case Status::kWarn:
      return serves_clients(verdict) ? 2 : 1;
    case Status::kFail:
      return 1;
    case Status::kSkipped:
      return 0;
  }
  return 0;
}

std::string_view meaning(Verdict verdict) {
  return entry(verdict).meaning;
}
std::string_view recommendation(Verdict verdict) {
  return entry(verdict).recommendation;
}

}  // namespace callroom::turn
