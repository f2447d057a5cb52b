#include "runtime/signing.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/invariant.h"
#include "runtime/fault_codes.h"
#include "runtime/files.h"

namespace crossfoot::runtime {

namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeDigest>;
using Key = std::shared_ptr<EVP_PKEY>;

constexpr std::size_t pem_bytes_max = 16 * 1024;

const unsigned char* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::unexpected<Fault> unusable(const std::filesystem::path& path) {
  return fail({.code = std::string(code::key_unusable),
               .fault_class = FaultClass::rejected,
               .where = path.string(),
               .cause = "no Ed25519 key in PEM form"});
}

Bio reading(std::string_view pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string written(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

bool is_ed25519(const Key& key) {
  return key != nullptr && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519;
}

PublicKey public_half(const Key& key) {
  PublicKey::Bytes bytes{};
  std::size_t size = bytes.size();
  const bool read = EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size) == 1;
  INVARIANT(read && size == bytes.size(), "an Ed25519 key has a public half of 32 bytes");
  return PublicKey(bytes);
}

}  // namespace

Result<PublicKey> PublicKey::load(const std::filesystem::path& path) {
  const auto pem = read_file(path, pem_bytes_max);
  if (!pem) return fail(pem.error());
  const Bio bio = reading(*pem);
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!is_ed25519(key)) return unusable(path);
  return public_half(key);
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  const Key key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_.data(), bytes_.size()),
      EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new());
  if (key == nullptr || context == nullptr) return false;
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), unsigned_bytes(signature), signature.size(),
                          unsigned_bytes(message), message.size()) == 1;
}

Result<SigningKey> SigningKey::load_or_make(const std::filesystem::path& path) {
  const auto pem = read_file(path, pem_bytes_max);
  if (pem) {
    const Bio bio = reading(*pem);
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    if (!is_ed25519(key)) return unusable(path);
    return SigningKey(std::move(key));
  }
  if (pem.error().fault_class != FaultClass::not_found) return fail(pem.error());
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  const Bio secret(BIO_new(BIO_s_mem()));
  const Bio open(BIO_new(BIO_s_mem()));
  const bool made = key != nullptr &&
                    PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                             nullptr) == 1 &&
                    PEM_write_bio_PUBKEY(open.get(), key.get()) == 1;
  INVARIANT(made, "the crypto library knows Ed25519");
  // The public half first: a key without it beside it would be a key that nobody can check.
  std::filesystem::path beside = path;
  beside += ".pub";
  if (Status done = write_file_atomic(beside, written(open.get())); !done)
    return fail(done.error());
  if (Status done = write_file_atomic(path, written(secret.get()), FileMode::secret); !done) {
    return fail(done.error());
  }
  return SigningKey(std::move(key));
}

std::string SigningKey::sign(std::string_view message) const {
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  const bool done =
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     unsigned_bytes(message), message.size()) == 1;
  INVARIANT(done && size == 64, "signing bytes in memory does not fail");
  return signature;
}

PublicKey SigningKey::public_key() const {
  return public_half(key_);
}

}  // namespace crossfoot::runtime
