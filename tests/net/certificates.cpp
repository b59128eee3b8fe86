#include "tests/net/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace dm::net::test {
namespace {

constexpr long kDaySeconds = 86400;

template <class Write>
std::string written(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new(BIO_s_mem()), &BIO_free};
    write(bio.get());
    std::string text(4096, '\0');
    const int size = BIO_read(bio.get(), text.data(), static_cast<int>(text.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

void add_extension(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
        X509V3_EXT_conf_nid(nullptr, &context, nid, value), &X509_EXTENSION_free};
    X509_add_ext(certificate, extension.get(), -1);
}

}  // namespace

Certificate::Certificate(std::string_view common_name, const Certificate* issuer)
    : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free),
      certificate_(X509_new(), &X509_free) {
    X509* own = certificate_.get();
    X509_set_version(own, X509_VERSION_3);
    static long last_serial = 0;  // revocation lists tell certificates apart by it
    ASN1_INTEGER_set(X509_get_serialNumber(own), ++last_serial);
    X509_gmtime_adj(X509_getm_notBefore(own), -kDaySeconds);
    X509_gmtime_adj(X509_getm_notAfter(own), kDaySeconds);
    X509_NAME_add_entry_by_NID(X509_get_subject_name(own),
                               NID_commonName,
                               MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()),
                               -1,
                               0);
    X509* signer = issuer == nullptr ? own : issuer->certificate();
    X509_set_issuer_name(own, X509_get_subject_name(signer));
    X509_set_pubkey(own, key_.get());
    add_extension(own, NID_basic_constraints, issuer == nullptr ? "CA:TRUE" : "CA:FALSE");
    add_extension(own, NID_subject_alt_name, "DNS:localhost");
    X509_sign(own, issuer == nullptr ? key_.get() : issuer->key(), EVP_sha256());
}

std::string Certificate::pem() const {
    return written([this](BIO* bio) { PEM_write_bio_X509(bio, certificate_.get()); });
}

std::string Certificate::key_pem() const {
    return written([this](BIO* bio) {
        PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

std::string Certificate::revocation_of(const Certificate& revoked) const {
    const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list{X509_CRL_new(), &X509_CRL_free};
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time{
        X509_gmtime_adj(nullptr, -kDaySeconds), &ASN1_TIME_free};
    X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate()));
    X509_CRL_set1_lastUpdate(list.get(), time.get());
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked.certificate()));
    X509_REVOKED_set_revocationDate(entry, time.get());
    X509_CRL_add0_revoked(list.get(), entry);
    X509_gmtime_adj(time.get(), kDaySeconds);
    X509_CRL_set1_nextUpdate(list.get(), time.get());
    X509_CRL_sign(list.get(), key(), EVP_sha256());
    return written([&](BIO* bio) { PEM_write_bio_X509_CRL(bio, list.get()); });
}

}  // namespace dm::net::test
