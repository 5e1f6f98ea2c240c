// libparquet carries an OpenSSL of its own and exports 915 EVP_ names. Were it to come before
// libcrypto, our hashes and TLS would run code of another version than the headers we compile with.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <parquet/file_reader.h>

#include <string>

namespace {

std::string FileThatDefines(void* symbol) {
  Dl_info found{};
  return dladdr(symbol, &found) == 0 ? "nothing" : found.dli_fname;
}

struct Symbol {
  const char* name;
  void* address;
};

class OpensslIsTheSystems : public testing::TestWithParam<Symbol> {};

TEST_P(OpensslIsTheSystems, AndNotTheOneInsideLibparquet) {
  EXPECT_NE(FileThatDefines(GetParam().address).find("/libcrypto.so"), std::string::npos)
      << GetParam().name << " comes from " << FileThatDefines(GetParam().address);
  // By name too, as a library that loads at run time would find it.
  EXPECT_EQ(dlsym(RTLD_DEFAULT, GetParam().name), GetParam().address);
}

INSTANTIATE_TEST_SUITE_P(
    Linkage, OpensslIsTheSystems,
    testing::Values(Symbol{"EVP_DigestInit_ex", reinterpret_cast<void*>(&EVP_DigestInit_ex)},
                    Symbol{"EVP_DigestUpdate", reinterpret_cast<void*>(&EVP_DigestUpdate)},
                    Symbol{"OPENSSL_init_crypto", reinterpret_cast<void*>(&OPENSSL_init_crypto)}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Linkage, TheOpensslThatRunsIsTheOneWhoseHeadersWeCompileWith) {
  EXPECT_EQ(OpenSSL_version_num() >> 20, OPENSSL_VERSION_NUMBER >> 20);  // major and minor
}

TEST(Linkage, LibparquetIsLoadedSoThatTheQuestionArises) {
  EXPECT_NE(FileThatDefines(reinterpret_cast<void*>(
                                static_cast<std::unique_ptr<parquet::ParquetFileReader> (*)(
                                    const std::string&, bool, const parquet::ReaderProperties&,
                                    std::shared_ptr<parquet::FileMetaData>)>(
                                    &parquet::ParquetFileReader::OpenFile)))
                .find("/libparquet.so"),
            std::string::npos);
}

}  // namespace
