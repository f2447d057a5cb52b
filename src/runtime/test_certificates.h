#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "base/invariant.h"
#include "runtime/files.h"

namespace crossfoot::runtime {

/// For tests: an authority with a folder of its own, and certificates that it issues, all PEM
/// files.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "authority")
      : folder_(*TempDir::make("crossfoot-test-ca")), key_(EVP_EC_gen("P-256")) {
    certificate_.reset(issue(name, "", key_.get(), nullptr));
    write(file("authority.pem"), certificate_.get(), nullptr);
  }

  [[nodiscard]] std::filesystem::path authorities() const { return file("authority.pem"); }
  /// A certificate for `host` (`DNS:localhost`, `IP:127.0.0.1`), as NAME.pem and NAME.key.
  void make(const std::string& name, const std::string& host) const {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(issue(name, host, key.get(), certificate_.get()));
    write(file(name + ".pem"), certificate.get(), nullptr);
    write(file(name + ".key"), nullptr, key.get());
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const {
    return folder_.path() / name;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;

  X509* issue(const std::string& name, const std::string& host, EVP_PKEY* key, X509* issuer) const {
    static long serial = 1;
    X509* made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(issuer == nullptr ? made : issuer));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer == nullptr ? made : issuer, made, nullptr, nullptr, 0);
    const auto extend = [&](int id, const std::string& value) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
      INVARIANT(extension != nullptr, "an extension that OpenSSL knows");
      X509_add_ext(made, extension, -1);
      X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!host.empty()) extend(NID_subject_alt_name, host);
    X509_sign(made, key_.get(), EVP_sha256());
    return made;
  }

  static void write(const std::filesystem::path& path, X509* certificate, EVP_PKEY* key) {
    std::FILE* out = std::fopen(path.c_str(), "w");
    INVARIANT(out != nullptr, "the test's folder can be written");
    if (certificate != nullptr) PEM_write_X509(out, certificate);
    if (key != nullptr) PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
  }

  TempDir folder_;
  Key key_;
  Certificate certificate_;
};

}  // namespace crossfoot::runtime
