#include "connector/signer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

Result<std::string> resolve_secret(const SecretReference& reference, const SecretLookup& secrets) {
  const auto missing = [&](std::string cause) {
    return fail({.code = std::string(contract::error_code::missing_secret),
                 .fault_class = FaultClass::unauthorised,
                 .where = reference.text,
                 .cause = std::move(cause)});
  };
  auto secret = secrets(reference);
  if (!secret) return missing("the secret cannot be resolved");
  // A file usually ends with a line break that is not part of the secret.
  while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
  if (secret->empty()) return missing("the secret is empty");
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(*secret, control)) {
    return missing("the secret has a control character in it");
  }
  return secret;
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 0xf];
  }
  return text;
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string_view method_name(runtime::Method method) {
  switch (method) {
    case runtime::Method::get:
      return "GET";
    case runtime::Method::head:
      return "HEAD";
    case runtime::Method::post:
      return "POST";
    case runtime::Method::put:
      return "PUT";
    case runtime::Method::patch:
      return "PATCH";
    case runtime::Method::delete_:
      return "DELETE";
    case runtime::Method::options:
      return "OPTIONS";
    case runtime::Method::other:
      break;
  }
  return "OTHER";
}

Result<Signer> Signer::create(const Auth& auth, const SecretLookup& secrets) {
  Signer signer;
  const SecretReference* first = nullptr;
  const SecretReference* second = nullptr;
  if (const auto* api_key = std::get_if<ApiKeyAuth>(&auth)) {
    signer.api_key_ = api_key;
    first = &api_key->key;
  } else if (const auto* basic = std::get_if<BasicAuth>(&auth)) {
    signer.basic_ = basic;
    first = &basic->user;
    second = &basic->password;
  } else if (const auto* oauth = std::get_if<OAuth2Auth>(&auth)) {
    signer.oauth_ = oauth;
    first = &oauth->client_id;
    second = &oauth->client_secret;
  } else if (const auto* hmac = std::get_if<HmacAuth>(&auth)) {
    signer.hmac_ = hmac;
    first = &hmac->secret;
  }
  for (const auto& [reference, into] :
       {std::pair{first, &signer.first_}, {second, &signer.second_}}) {
    if (reference == nullptr) continue;
    auto secret = resolve_secret(*reference, secrets);
    if (!secret) return fail(std::move(secret.error()));
    *into = std::move(*secret);
  }
  return signer;
}

void Signer::sign(runtime::HttpCall& call, Instant now, const std::string& token) const {
  if (api_key_ != nullptr) call.headers.emplace_back(api_key_->header, api_key_->prefix + first_);
  if (basic_ != nullptr) {
    call.headers.emplace_back("Authorization", "Basic " + base64(first_ + ":" + second_));
  }
  if (oauth_ != nullptr) call.headers.emplace_back("Authorization", "Bearer " + token);
  if (hmac_ != nullptr) {
    const std::string timestamp = std::to_string(now.micros / 1'000'000);
    call.headers.emplace_back(hmac_->header,
                              hmac_->prefix + hmac_signature(*hmac_, call, timestamp));
    if (!hmac_->timestamp_header.empty()) {
      call.headers.emplace_back(hmac_->timestamp_header, timestamp);
    }
  }
}

std::string Signer::hmac_signature(const HmacAuth& auth, const runtime::HttpCall& call,
                                   const std::string& timestamp) const {
  std::string content;
  for (const Piece& piece : auth.content) {
    if (!piece.placeholder) {
      content += piece.literal;
      continue;
    }
    const std::string& name = piece.placeholder->path.segments.front();
    if (name == "timestamp") content += timestamp;
    if (name == "method") content += method_name(call.method);
    if (name == "target") content += call.target;
    if (name == "body") content += call.body;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), first_.data(), static_cast<int>(first_.size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data(),
       &length);
  const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), length);
  return auth.base64 ? base64(bytes) : hex(bytes);
}

runtime::HttpCall Signer::token_request(std::string target) const {
  runtime::HttpCall call;
  call.method = runtime::Method::post;
  call.target = std::move(target);
  call.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  call.headers.emplace_back("Accept", "application/json");
  call.headers.emplace_back("Authorization", "Basic " + base64(first_ + ":" + second_));
  call.body = "grant_type=client_credentials";
  if (!oauth_->scope.empty()) {
    call.body += "&scope=";
    append_percent_encoded(call.body, oauth_->scope);
  }
  return call;
}

}  // namespace crossfoot::connector
