#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tapedeck::storage {

/// What stands for the secret `value`, which the name `name` has where it is a cookie's.
using Mark = std::function<std::string(std::string_view name, std::string_view value)>;

/// A header's value with what is secret in it marked: of Authorization and Proxy-Authorization the
/// credentials, but for a common scheme's name; of Cookie and Set-Cookie the values of the cookies,
/// each; of any other all. `name` in any case.
std::string redacted_value(std::string_view name, std::string_view value, const Mark& mark);

/// Whether that header holds cookies: Cookie and Set-Cookie.
bool holds_cookies(std::string_view name) noexcept;

}  // namespace tapedeck::storage
