#pragma once

#include "client/http/fields.hpp"
#include "client/http/message.hpp"
#include "client/http/result.hpp"
#include "daemon/route/router.hpp"

/// The gateway: `http://ADDR:PORT/https/api.example.com/v1/x` stands for
/// `https://api.example.com/v1/x`, so that a program with a base URL to configure is recorded
/// without trusting a CA. `/session/NAME` before it names the recording that answers. Pure.
namespace tapedeck {

/// Where such a request goes. Fails with Stage::route: http::Error::bad_target when it names no
/// server, net::Error::denied when a web page of another site makes a browser send it, which Host,
/// Origin and Sec-Fetch-Site tell (https://www.w3.org/TR/fetch-metadata/).
Result<Route> route_gateway(const http::RequestHead& head);

/// Changes a response's fields so that the client stays with the gateway: URLs in Location,
/// Content-Location and Link lead there again, and a cookie belongs to the gateway's path of its
/// server instead of to a domain, and needs no TLS.
/// Precondition: `route` is route_gateway()'s.
void stay_at_gateway(http::Fields& fields, const Route& route);

}  // namespace tapedeck
