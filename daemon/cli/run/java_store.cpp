#include "daemon/cli/run/java_store.hpp"

#include <new>
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string_view>

#include "client/net/openssl.hpp"

namespace tapedeck::cli {
namespace {

void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
void free_safes(STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }

using AnyPtr = std::unique_ptr<ASN1_TYPE, net::Freer<ASN1_TYPE_free>>;
using BagPtr = std::unique_ptr<PKCS12_SAFEBAG, net::Freer<PKCS12_SAFEBAG_free>>;
using BagsPtr = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), net::Freer<free_bags>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, net::Freer<ASN1_OBJECT_free>>;
using SafesPtr = std::unique_ptr<STACK_OF(PKCS7), net::Freer<free_safes>>;
using StorePtr = std::unique_ptr<PKCS12, net::Freer<PKCS12_free>>;

/// What makes Java trust a certificate without a key: Oracle's trustedKeyUsage, for any use.
constexpr const char* kTrustedKeyUsage = "2.16.840.1.113894.746875.1.1";
constexpr const char* kAnyUsage = "2.5.29.37.0";

/// OpenSSL fails here only for want of memory.
template <class T>
T need(T value) {
  if (!value) throw std::bad_alloc();
  return value;
}

/// One block of PEM text.
struct Block {
  ~Block() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
  }
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* der = nullptr;
  long size = 0;
};

/// The bag for a certificate, whose bytes are taken as they are: decoding the system's 144 would
/// take ten times as long as the rest, 22 ms at each start.
BagPtr bag_of(const Block& block, const ASN1_OBJECT* any_usage) {
  const unsigned char* at = block.der;
  const AnyPtr certificate(d2i_ASN1_TYPE(nullptr, &at, block.size));
  if (!certificate || ASN1_TYPE_get(certificate.get()) != V_ASN1_SEQUENCE) return nullptr;
  BagPtr bag(need(PKCS12_item_pack_safebag(certificate.get(), ASN1_ITEM_rptr(ASN1_ANY),
                                           NID_x509Certificate, NID_certBag)));
  need(PKCS12_add1_attr_by_txt(bag.get(), kTrustedKeyUsage, V_ASN1_OBJECT,
                               reinterpret_cast<const unsigned char*>(any_usage), -1));
  return bag;
}

}  // namespace

std::string java_store(const std::string& pem) {
  const net::BioPtr in(need(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))));
  const ObjectPtr any_usage(need(OBJ_txt2obj(kAnyUsage, 1)));
  const BagsPtr bags(need(sk_PKCS12_SAFEBAG_new_null()));
  for (;;) {
    Block block;
    if (PEM_read_bio(in.get(), &block.name, &block.header, &block.der, &block.size) != 1) break;
    if (std::string_view(block.name) != PEM_STRING_X509) continue;
    BagPtr bag = bag_of(block, any_usage.get());
    if (bag) need(sk_PKCS12_SAFEBAG_push(bags.get(), bag.release()));
  }
  // The end of the text is an error to OpenSSL.
  ERR_clear_error();
  const SafesPtr safes(need(sk_PKCS7_new_null()));
  need(sk_PKCS7_push(safes.get(), need(PKCS12_pack_p7data(bags.get()))));
  const StorePtr store(need(PKCS12_add_safes(safes.get(), NID_pkcs7_data)));
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS12(store.get(), &bytes);
  std::string text(reinterpret_cast<const char*>(need(bytes)), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

}  // namespace tapedeck::cli
