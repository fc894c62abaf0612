#include "daemon/accept/own_pages.hpp"

#include "client/net/stream.hpp"
#include "daemon/answer.hpp"
#include "daemon/intercept/authority.hpp"

namespace tapedeck {

void answer_own_page(const Settings& settings, std::string_view target, const net::Endpoint& door,
                     http::ResponseHead& head, std::string& body) {
  head.fields.add("Date", http_date());
  head.fields.add("X-Content-Type-Options", "nosniff");
  if (target == "/ca.pem" && settings.authority != nullptr) {
    head.reason = "OK";
    head.fields.add("Content-Type", "application/x-pem-file");
    head.fields.add("Content-Disposition", "attachment; filename=\"tapedeck-ca.pem\"");
    body = settings.authority->certificate_pem();
    return;
  }
  if (target == kProxyScript) {
    head.reason = "OK";
    head.fields.add("Content-Type", "application/x-ns-proxy-autoconfig");
    body = "function FindProxyForURL(url, host) {\n  return \"PROXY " + net::to_string(door) +
           "\";\n}\n";
    return;
  }
  const bool about = target == "/";
  head.status = about ? 200 : 404;
  head.reason = http::status_phrase(head.status);
  head.fields.add("Content-Type", "text/plain; charset=utf-8");
  body = settings.authority == nullptr
             ? "This is tapedeck. It intercepts nothing, so it has no CA.\n"
             : "This is tapedeck. http://tapedeck.invalid/ca.pem is the certificate that programs "
               "must trust for their HTTPS to be recorded.\n";
}

}  // namespace tapedeck
