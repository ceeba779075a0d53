// TLS by GIO. A certificate is judged by GIO alone, and its facts are kept whether it passes or not.
#include "turn/link.hpp"
#include "turn/stun_message.hpp"

namespace callroom::turn {
namespace {

struct Judged {
  ObjectPtr<GTlsCertificate> certificate;
  GTlsCertificateFlags problems{};
};

gboolean keep_and_refuse(GTlsConnection*, GTlsCertificate* certificate, GTlsCertificateFlags problems, gpointer data) {
  auto* judged = static_cast<Judged*>(data);
  judged->certificate.reset(G_TLS_CERTIFICATE(g_object_ref(certificate)));
  judged->problems = problems;
  return FALSE;
}

std::string taken(gchar* text) {
  const TextPtr owned(text);
  return owned ? printable(owned.get()) : std::string();
}

CertificateFacts facts_of(GTlsCertificate* certificate) {
  CertificateFacts facts;
  facts.subject = taken(g_tls_certificate_get_subject_name(certificate));
  facts.issuer = taken(g_tls_certificate_get_issuer_name(certificate));
  if (GDateTime* end = g_tls_certificate_get_not_valid_after(certificate); end != nullptr) {
    facts.not_after = WallTime(std::chrono::seconds(g_date_time_to_unix(end)));
    const auto left = *facts.not_after - wall_now();
    facts.days_left = std::chrono::floor<std::chrono::days>(left).count();
    g_date_time_unref(end);
  }
  return facts;
}

// One certificate may have several faults; the one named is the one whose repair shows the next. A self-signed
// certificate that has also expired is first of all untrusted: a renewal alone would not help.
Failure verdict_for(GTlsCertificateFlags problems) {
  if ((problems & G_TLS_CERTIFICATE_UNKNOWN_CA) != 0) return {Verdict::kTlsUntrusted, "not from a trusted authority"};
  if ((problems & G_TLS_CERTIFICATE_REVOKED) != 0) return {Verdict::kTlsUntrusted, "the certificate is revoked"};
  if ((problems & G_TLS_CERTIFICATE_EXPIRED) != 0) return {Verdict::kTlsExpired, "the certificate has expired"};
  if ((problems & G_TLS_CERTIFICATE_NOT_ACTIVATED) != 0) return {Verdict::kTlsNotYetValid, "not valid yet"};
  if ((problems & G_TLS_CERTIFICATE_BAD_IDENTITY) != 0) return {Verdict::kTlsWrongName, "for another name"};
  if ((problems & G_TLS_CERTIFICATE_INSECURE) != 0) return {Verdict::kTlsUntrusted, "made with a weak algorithm"};
  return {Verdict::kTlsUntrusted, "the certificate is not valid"};
}

Failure handshake_failure(const GError& error, const Judged& judged, Waited waited) {
  if (judged.certificate && judged.problems != 0) return verdict_for(judged.problems);
  if (waited == Waited::kCancelled) return {Verdict::kCancelled, ""};
  if (waited == Waited::kTimeout) return {Verdict::kTlsNotSpoken, "the TLS handshake was not answered"};
  if (error.domain == G_TLS_ERROR) return {Verdict::kTlsNotSpoken, error_text(error)};
  auto failure = failure_from(error);
  // The port took the connection and then dropped it over the first TLS bytes.
  if (failure.verdict == Verdict::kInconclusive) return {Verdict::kTlsNotSpoken, error_text(error)};
  return failure;
}

const char* protocol_name(GTlsProtocolVersion version) {
  switch (version) {
    case G_TLS_PROTOCOL_VERSION_TLS_1_0:
      return "TLS 1.0";
    case G_TLS_PROTOCOL_VERSION_TLS_1_1:
      return "TLS 1.1";
    case G_TLS_PROTOCOL_VERSION_TLS_1_2:
      return "TLS 1.2";
    case G_TLS_PROTOCOL_VERSION_TLS_1_3:
      return "TLS 1.3";
    default:
      return "TLS";
  }
}

}  // namespace

TlsOpened open_tls(ObjectPtr<GSocket> socket, const std::string& host, std::uint16_t port,
                   const std::optional<std::string>& ca_file, Waiter& waiter, MonotonicUs until) {
  TlsOpened opened;
  if (g_tls_backend_supports_tls(g_tls_backend_get_default()) == FALSE) {
    opened.failure = {Verdict::kTlsUnavailable, "GIO has no TLS here: glib-networking is not installed"};
    return opened;
  }
  const ObjectPtr<GIOStream> plain(G_IO_STREAM(g_socket_connection_factory_create_connection(socket.get())));
  const ObjectPtr<GSocketConnectable> identity(g_network_address_new(host.c_str(), port));
  GError* raw = nullptr;
  ObjectPtr<GIOStream> stream(g_tls_client_connection_new(plain.get(), identity.get(), &raw));
  if (!stream) {
    const ErrorPtr error(raw);
    opened.failure = {Verdict::kTlsUnavailable, error_text(*error)};
    return opened;
  }
  auto* tls = G_TLS_CONNECTION(stream.get());
  if (ca_file) {
    const ObjectPtr<GTlsDatabase> authorities(g_tls_file_database_new(ca_file->c_str(), &raw));
    if (!authorities) {
      const ErrorPtr error(raw);
      opened.failure = {Verdict::kTlsUnavailable, error_text(*error)};
      return opened;
    }
    g_tls_connection_set_database(tls, authorities.get());
  }
  Judged judged;
  const auto handler = g_signal_connect(tls, "accept-certificate", G_CALLBACK(keep_and_refuse), &judged);
  ErrorPtr error;
  const auto waited = waiter.operation(
      [&](GCancellable* cancel, GAsyncReadyCallback done, gpointer data) {
        g_tls_connection_handshake_async(tls, G_PRIORITY_DEFAULT, cancel, done, data);
      },
      [&](GAsyncResult* result) {
        GError* failed = nullptr;
        g_tls_connection_handshake_finish(tls, result, &failed);
        error.reset(failed);
      },
      until);
  g_signal_handler_disconnect(tls, handler);
  if (judged.certificate) opened.certificate = facts_of(judged.certificate.get());
  if (error) {
    opened.failure = handshake_failure(*error, judged, waited);
    return opened;
  }
  if (auto* certificate = g_tls_connection_get_peer_certificate(tls)) opened.certificate = facts_of(certificate);
  opened.protocol = protocol_name(g_tls_connection_get_protocol_version(tls));
  opened.link = open_stream(std::move(socket), std::move(stream), waiter);
  return opened;
}

}  // namespace callroom::turn
