#include "verify/tse/logs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "base/file.h"
#include "verify/tse/testing/device.h"

namespace siegel::verify::tse {
namespace {

namespace fs = std::filesystem;
using testing::Device;
using testing::Draft;
using testing::integer;
using testing::NamedFile;
using testing::tlv;

Report verify_bytes(BytesView tar, const Options& options = {}) {
  const Input input{.path = {}, .bytes = tar};
  auto report = verify_logs({&input, 1}, options);
  EXPECT_TRUE(report.ok()) << report.error().detail;
  return report.ok() ? std::move(*report) : Report();
}

std::set<std::string> rules_of(const Report& report) {
  std::set<std::string> out;
  for (const Finding& finding : report.findings()) out.insert(finding.rule);
  return out;
}

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "siegel-verify-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  void write(const std::string& name, BytesView content) const {
    EXPECT_TRUE(write_file(path / name, content).ok());
  }
  fs::path path;
};

TEST(verify_logs, a_good_day_has_no_finding_in_both_generations) {
  for (const int generation : {1, 2}) {
    Device device(generation);
    device.good_day();
    Options options;
    options.trust_anchors.push_back(device.root);
    const Report report = verify_bytes(device.tar(), options);
    EXPECT_EQ(report.verdict(), Verdict::pass) << report.json();
    EXPECT_EQ(report.signatures.checked, 9U);
    EXPECT_EQ(report.signatures.valid, 9U);
  }
}

TEST(verify_logs, every_curve_and_hash_is_checked) {
  for (const crypto::Curve curve : crypto::all_curves) {
    for (const auto hash : {crypto::HashAlgorithm::sha256, crypto::HashAlgorithm::sha3_384,
                            crypto::HashAlgorithm::sha512}) {
      Device device(1, curve);
      device.algorithm.hash = hash;
      device.good_day();
      const Report report = verify_bytes(device.tar());
      EXPECT_EQ(report.signatures.valid, 9U) << curve_name(curve);
      EXPECT_EQ(rules_of(report), std::set<std::string>{"TSE-0312"}) << report.json();
    }
  }
}

TEST(verify_logs, result_does_not_depend_on_the_number_of_threads) {
  Device device;
  for (int i = 0; i < 700; ++i) device.finish(device.start("A*B"), "A*B");
  const Bytes tar = device.tar();
  const std::string one = verify_bytes(tar, {.threads = 1}).json();
  EXPECT_EQ(verify_bytes(tar, {.threads = 7}).json(), one);
}

// One fault each, and the rule that must tell it.
struct Fault {
  std::string_view rule;
  std::function<void(Device&)> make;
};

void replace(Bytes& element, Bytes with) { element = std::move(with); }

/// A start whose draft is changed before it is signed, and its finish.
std::function<void(Device&)> changed(Device::Change change) {
  return [change = std::move(change)](Device& d) {
    d.start("KASSE-1", change);
    d.finish(d.transactions, "KASSE-1");
  };
}

std::vector<Fault> message_faults() {
  return {
      {"TSE-0201", [](Device& d) { d.files.back().content.resize(40); }},
      {"TSE-0201", [](Device& d) { d.files.back().content[1] = std::byte{0x80}; }},
      {"TSE-0202", changed([](Draft& m) { replace(m.version, integer(7)); })},
      {"TSE-0203",
       changed([](Draft& m) { replace(m.kind, testing::oid("0.4.0.127.0.7.3.7.1.4")); })},
      {"TSE-0204", changed([](Draft& m) { m.data.erase(m.data.begin() + 1); })},
      {"TSE-0204", changed([](Draft& m) { std::swap(m.data[1], m.data[2]); })},
      {"TSE-0205", [](Device& d) { d.files.back().content.push_back(std::byte{0}); }},
      {"TSE-0206", changed([](Draft& m) {
         m.data[2] = {std::byte{0xA2}, std::byte{0x80}, std::byte{0}, std::byte{0}};
       })},
      {"TSE-0208", changed([](Draft& m) {
         Bytes content = tlv(0x06, BytesView(oid_of(crypto::SignatureAlgorithm{})));
         append(content, tlv(0x05, ""));
         m.algorithm = tlv(0x30, BytesView(content));
       })},
      {"TSE-0209", changed([](Draft& m) { m.data[0] = tlv(0x80, "PauseTransaction"); })},
      {"TSE-0210", changed([](Draft& m) { m.data[0] = tlv(0x80, "startTransaction"); })},
      {"TSE-0211", changed([](Draft& m) { m.data[1] = tlv(0x81, "KASSE_1"); })},
      {"TSE-0213", changed([](Draft& m) { m.data[3] = tlv(0x83, std::string(101, 'x')); })},
      {"TSE-0214", changed([](Draft& m) { m.data.insert(m.data.begin() + 4, tlv(0x84, "more")); })},
      {"TSE-0216", changed([](Draft& m) { m.serial = tlv(0x04, "short"); })},
      {"TSE-0217", changed([](Draft& m) { m.data[4] = tlv(0x85, std::string_view("\0", 1)); })},
      {"TSE-0217", changed([](Draft& m) { m.counter = tlv(0x02, "\xFF"); })},
      {"TSE-0218", changed([](Draft& m) { m.time = integer(578721382704613384); })},
      {"TSE-0218", changed([](Draft& m) { m.time = tlv(0x17, "261301000000Z"); })},
      {"TSE-0220", [](Device& d) { d.system("logOut", to_bytes("\x04\x01x")); }},
      {"TSE-0222", [](Device& d) { d.system("makeCoffee", {}); }},
      {"TSE-0224", changed([](Draft& m) { m.data[1] = tlv(0x81, ""); })},
      {"TSE-0402",
       [](Device& d) {
         Bytes& bytes = d.files.back().content;  // one byte less of signature: 04 40 -> 04 3F
         bytes.pop_back();
         bytes[bytes.size() - 64] = std::byte{0x3F};
         if (bytes[1] == std::byte{0x81}) {
           bytes[2] = std::byte(std::to_integer<int>(bytes[2]) - 1);
         } else {
           bytes[1] = std::byte(std::to_integer<int>(bytes[1]) - 1);
         }
       }},
      {"TSE-0401", [](Device& d) { d.files.back().content.back() ^= std::byte{1}; }},
      {"TSE-0403", changed([](Draft& m) {
         m.algorithm = tlv(0x30, BytesView(testing::oid("0.4.0.127.0.7.1.1.4.1.1")));
       })},
      {"TSE-0404",
       [](Device& d) {
         d.algorithm.hash = crypto::HashAlgorithm::sha224;
         d.audit();
       }},
      {"TSE-0501", [](Device& d) { d.files.back().name = "Unixt_1_Sig-1_Log-Aud.log"; }},
  };
}

std::vector<Fault> story_faults() {
  return {
      {"TSE-0601",
       [](Device& d) {
         --d.counter;
         d.audit();
       }},
      {"TSE-0601", [](Device& d) { d.files.push_back(d.files.back()); }},
      {"TSE-0602",
       [](Device& d) {
         NamedFile copy = d.files.back();
         copy.name.insert(copy.name.size() - 4, "_Fc-1");
         d.files.push_back(copy);
       }},
      {"TSE-0603", [](Device& d) { d.files.erase(d.files.begin() + 3); }},
      {"TSE-0605", [](Device& d) { d.files.erase(d.files.begin(), d.files.begin() + 3); }},
      {"TSE-0701", changed([](Draft& m) {
         m.time = tlv(0x17, "270101000000Z");
         m.name.replace(0, m.name.find("_Sig"), "Utc_270101000000Z");
       })},
      {"TSE-0702",
       [](Device& d) {
         d.clock -= 100;
         d.audit();
       }},
      {"TSE-0703", changed([](Draft& m) { m.time = integer(0); })},
      {"TSE-0704",
       [](Device& d) {
         d.clock -= 100;
         d.system("updateTime", {});
       }},
      {"TSE-0705",
       [](Device& d) {
         d.clock -= 100;
         d.counter += 3;
         d.audit();
       }},
      {"TSE-0306",
       [](Device& d) {
         d.clock = Instant::parse("2036-01-01T00:00:00Z")->unix_seconds();
         d.audit();
       }},
      {"TSE-0801", [](Device& d) { d.finish(77, "KASSE-1"); }},
      {"TSE-0803",
       [](Device& d) {
         d.start("KASSE-1");
         --d.transactions;
         d.start("KASSE-1");
         d.finish(d.transactions, "KASSE-1");
       }},
      {"TSE-0804",
       [](Device& d) {
         d.transaction(d.transactions + 1, "Update", "KASSE-1", {"", ""}, {});
         d.finish(d.start("KASSE-1"), "KASSE-1");
       }},
      {"TSE-0805", [](Device& d) { d.finish(1, "KASSE-1"); }},
      {"TSE-0806", [](Device& d) { d.transaction(1, "Update", "KASSE-1", {"", ""}, {}); }},
      {"TSE-0807", [](Device& d) { d.finish(d.start("KASSE-1"), "KASSE-2"); }},
      {"TSE-0808",
       [](Device& d) {
         d.transactions += 2;
         d.finish(d.start("KASSE-1"), "KASSE-1");
       }},
      {"TSE-0809", [](Device& d) { d.start("KASSE-1"); }},
      {"TSE-0810",
       [](Device& d) {
         d.transactions = 0;
         d.finish(d.start("KASSE-1"), "KASSE-1");
       }},
      {"TSE-0811", [](Device& d) { d.finish(d.start("KASSE-9"), "KASSE-9"); }},
      {"TSE-0811",
       [](Device& d) {
         d.system("deregisterClient", tlv(0x81, "KASSE-1"));
         d.finish(d.start("KASSE-1"), "KASSE-1");
       }},
      {"TSE-0901", [](Device& d) { d.system("initialize", {}); }},
      {"TSE-0902",
       [](Device& d) {
         d.system("disableSecureElement", {});
         d.audit();
       }},
      {"TSE-0903",
       [](Device& d) {
         Bytes data = tlv(0x81, "Admin");
         append(data, tlv(0x83, std::string_view("\0", 1)));
         d.system("authenticateUser", data);
       }},
      {"TSE-0904",
       [](Device& d) {
         Bytes data = tlv(0x81, "CSP");
         append(data, tlv(0x82, std::string_view("\0", 1)));
         d.system("selfTest", data);
       }},
      {"TSE-0905",
       [](Device& d) {
         d.system("enterSecureState", {});
         d.finish(d.start("KASSE-1"), "KASSE-1");
       }},
      {"TSE-0906",
       [](Device& d) {
         d.system("lockTransactionLogging", tlv(0x81, "Admin"));
         d.finish(d.start("KASSE-1"), "KASSE-1");
       }},
      {"TSE-0907", [](Device& d) { d.system("deleteStoredData", tlv(0x81, "Admin")); }},
      {"TSE-0504",
       [](Device& d) {
         d.algorithm.hash = crypto::HashAlgorithm::sha512;
         d.audit();
       }},
      {"TSE-0502",
       [](Device& d) {
         d.generation = 2;
         d.audit();
       }},
  };
}

std::function<void(Device&)> signs(std::string type, std::string data) {
  return [type = std::move(type), data = std::move(data)](Device& d) {
    d.finish(d.start("KASSE-1"), "KASSE-1", {type, data});
  };
}

std::vector<Fault> process_data_faults() {
  const auto beleg = [](std::string data) { return signs("Kassenbeleg-V1", std::move(data)); };
  return {
      {"TSE-1001", beleg("Beleg^1.00")},
      {"TSE-1001", beleg("Beleg^1.0_0.00_0.00_0.00_0.00^1.00:Bar")},
      {"TSE-1001", beleg("Beleg^01.00_0.00_0.00_0.00_0.00^1.00:Bar")},
      {"TSE-1001", beleg("Beleg^-0.00_1.00_0.00_0.00_0.00^1.00:Bar")},
      {"TSE-1001", beleg("Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Karte")},
      {"TSE-1001", beleg("Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar:EUR")},
      {"TSE-1002", signs("Bestellung-V1", R"(2;"Eis;3.99)")},
      {"TSE-1002", signs("Bestellung-V1", "2;\"Eis\";3.99\r")},
      {"TSE-1003", beleg("Beleg^1.00_0.00_0.00_0.00_0.00^2.00:Bar")},
      {"TSE-1004",
       [](Device& d) {
         ++d.transactions;
         d.transaction(d.transactions, "Start", "KASSE-1", {"Kassenbeleg-V1", "x"}, {});
         d.finish(d.transactions, "KASSE-1");
       }},
      {"TSE-1005", signs("Kassenbeleg-V9", "x")},
      {"TSE-1006", signs("SonstigerVorgang", "\xFF")},
      {"TSE-1007", signs("KassenBeleg-V1", "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar")},
      {"TSE-1008", beleg("Bon^1.00_0.00_0.00_0.00_0.00^1.00:Bar")},
      {"TSE-1009", beleg("Beleg^1,00_0,00_0,00_0,00_0,00^1,00:Bar")},
      {"TSE-1010", beleg("Beleg^1.00_0.00^1.00:Bar")},
      {"TSE-1011", beleg("Beleg^3,000.00_0.00_0.00_0.00_0.00^3,000.00:Bar")},
      {"TSE-1012", beleg("Beleg^2.00_0.00_0.00_0.00_0.00^1.00:Unbar_1.00:Bar")},
      {"TSE-1012", beleg("Beleg^2.00_0.00_0.00_0.00_0.00^1.00:Bar_1.00:Bar")},
      {"TSE-1012", beleg("Beleg^0.00_0.00_0.00_0.00_0.00^0.00:Bar")},
      {"TSE-1013", beleg("AVTraining^1.00_0.00_0.00_0.00_0.00^1.00:Bar")},
      {"TSE-1014", beleg("AVBelegstorno^1.00_0.00_0.00_0.00_0.00^")},
  };
}

void expect_told(const std::vector<Fault>& faults, int generation = 1) {
  for (const Fault& fault : faults) {
    Device device(generation);
    device.good_day();
    fault.make(device);
    const Report report = verify_bytes(device.tar());
    EXPECT_TRUE(rules_of(report).contains(std::string(fault.rule)))
        << fault.rule << " " << report.json();
  }
}

TEST(verify_logs, tells_each_fault_of_a_message) { expect_told(message_faults()); }
TEST(verify_logs, tells_each_fault_of_the_story) { expect_told(story_faults()); }
TEST(verify_logs, tells_each_fault_of_process_data) { expect_told(process_data_faults()); }

TEST(verify_logs, tells_what_generation_2_forbids) {
  expect_told(
      {
          {"TSE-0207", changed([](Draft& m) {
             m.data[2] = {std::byte{0xA2}, std::byte{0x80}, std::byte{0}, std::byte{0}};
           })},
          {"TSE-0212", changed([](Draft& m) { m.data.erase(m.data.begin() + 3); })},
          {"TSE-0215", changed([](Draft& m) { m.data.push_back(tlv(0x86, "x")); })},
          {"TSE-0219", changed([](Draft& m) { m.time = tlv(0x17, "2701010000Z"); })},
          {"TSE-0221", [](Device& d) { d.system("logOut", tlv(0x13, "admin")); }},
          {"TSE-0223", [](Device& d) { d.system("makeCoffee", {}); }},
      },
      2);
}

TEST(verify_logs, good_process_data_has_no_finding) {
  Device device;
  for (const char* data :
       {"Beleg^75.33_7.99_0.00_0.00_0.00^10.00:Bar_5.00:Bar:CHF_5.00:Bar:USD_64.30:Unbar",
        "Beleg^60.00_0.00_0.00_0.00_0.00^60.00:Unbar",
        "Beleg^0.00_0.00_0.00_0.00_-100.00^-100.00:Bar",
        "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^"}) {
    signs("Kassenbeleg-V1", data)(device);
  }
  signs("Bestellung-V1", "2;\"Eisbecher \"\"Himbeere\"\"\";3.99\r1;\"Eiskaffee\";2.99")(device);
  signs("Bestellung-V1", "-0.125;\"Schinken; roh\";29.90")(device);
  signs("SonstigerVorgang", "Schublade")(device);
  const Report report = verify_bytes(device.tar());
  EXPECT_EQ(rules_of(report), std::set<std::string>{"TSE-0312"}) << report.json();
}

TEST(verify_logs, tells_faults_of_certificates) {
  Device device;
  device.good_day();
  const auto told = [&](std::string_view rule, const std::vector<NamedFile>& files,
                        const Options& options = {}) {
    const Report report = verify_bytes(Device::tar_of(files), options);
    EXPECT_TRUE(rules_of(report).contains(std::string(rule))) << rule << report.json();
  };
  auto files = device.all_files();
  const std::size_t leaf = files.size() - 2;

  auto without = files;
  without.erase(without.begin() + static_cast<std::ptrdiff_t>(leaf));
  told("TSE-0303", without);
  auto none = without;
  none.pop_back();
  told("TSE-0303", none);  // an archive must hold its certificates
  auto no_root = files;
  no_root.pop_back();
  told("TSE-0310", no_root);
  auto garbage = files;
  garbage.push_back({"x_X509.cer", to_bytes("no certificate")});
  told("TSE-0301", garbage);
  auto renamed = files;
  renamed[leaf].name = std::string(64, 'a') + "_X509.cer";
  told("TSE-0302", renamed);
  auto other_name = files;
  other_name[leaf].content = device.certify("somebody else").der();
  told("TSE-0317", other_name);

  Device stranger;
  told("TSE-0311", files, {.trust_anchors = {stranger.root}});
  auto forged = files;
  forged[leaf].content[forged[leaf].content.size() - 1] ^= std::byte{1};
  told("TSE-0305", forged);
  const auto crl = crypto::make_crl(
      {.this_update = Instant::parse("2025-06-01T00:00:00Z").value(),
       .next_update = Instant::parse("2035-01-01T00:00:00Z").value(),
       .revoked = {{device.certificate, Instant::parse("2025-05-01T00:00:00Z").value()}}},
      {device.root, device.root_key});
  ASSERT_TRUE(crl.ok());
  told("TSE-0307", files, {.trust_anchors = {device.root}, .crls = {*crl}});
}

TEST(verify_logs, tells_faults_of_the_container) {
  Device device;
  device.good_day();
  const auto told = [](std::string_view rule, BytesView tar) {
    const Report report = verify_bytes(tar);
    EXPECT_TRUE(rules_of(report).contains(std::string(rule))) << rule << report.json();
  };
  const Bytes tar = device.tar();
  told("TSE-0101", BytesView(tar).first(tar.size() - 2500));
  told("TSE-0108", BytesView(tar).first(tar.size() - 1024));
  Bytes behind = tar;
  append(behind, to_bytes(std::string(512, 'x')));
  told("TSE-0108", behind);
  auto files = device.all_files();
  files.push_back({"holiday.jpg", to_bytes("x")});
  told("TSE-0109", Device::tar_of(files));
  files = device.all_files();
  files.erase(files.begin());
  told("TSE-0110", Device::tar_of(files));
  files = device.all_files();
  files[0].content = to_bytes("hello\n");
  told("TSE-0111", Device::tar_of(files));
  told("TSE-0112", Device::tar_of(device.certificate_files()));
  files = device.all_files();
  files.push_back({"big.log", Bytes((std::size_t{4} << 20) + 1)});
  told("TSE-0113", Device::tar_of(files));

  Device other;
  other.audit();
  files = device.all_files();
  for (const NamedFile& file : other.files) files.push_back(file);
  for (const NamedFile& file : other.certificate_files()) files.push_back(file);
  told("TSE-0503", Device::tar_of(files));
}

/// Changes the name in the header of the first entry and its checksum.
Bytes with_first_name(Bytes tar, std::string_view name) {
  for (std::size_t i = 0; i < 100; ++i) tar[i] = std::byte(i < name.size() ? name[i] : '\0');
  for (std::size_t i = 148; i < 156; ++i) tar[i] = std::byte{' '};
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += std::to_integer<unsigned>(tar[i]);
  const std::string text = fmt::format("{:06o}", sum) + std::string("\0 ", 2);
  for (std::size_t i = 0; i < 8; ++i) tar[148 + i] = std::byte(text[i]);
  return tar;
}

TEST(verify_logs, tricks_with_paths_are_told_and_never_followed) {
  Device device;
  device.good_day();
  const Bytes tar = device.tar();
  const auto rules = [&](std::string_view name) {
    return rules_of(verify_bytes(with_first_name(tar, name)));
  };
  EXPECT_TRUE(rules("/etc/passwd").contains("TSE-0106"));
  EXPECT_TRUE(rules("../../info.csv").contains("TSE-0106"));
  EXPECT_TRUE(rules("a\nb").contains("TSE-0106"));
  EXPECT_TRUE(rules("logs/info.csv").contains("TSE-0104"));
  EXPECT_TRUE(rules("./info.csv").contains("TSE-0105"));
}

TEST(verify_logs, an_archive_cut_anywhere_is_told_and_never_hangs) {
  Device device;
  device.good_day();
  const Bytes tar = device.tar();
  for (std::size_t size = 0; size < tar.size(); size += 211) {
    const Input input{.path = {}, .bytes = BytesView(tar).first(size)};
    const auto report = verify_logs({&input, 1}, {});
    if (report.ok()) {
      EXPECT_NE(report->verdict(), Verdict::pass) << size;
    } else {
      EXPECT_EQ(report.error().code, "E-VER-002") << size;
    }
  }
}

TEST(verify_logs, several_archives_are_one_story) {
  Device device;
  device.good_day();
  const std::uint64_t open = device.start("KASSE-1");
  const Bytes first = device.tar();
  device.files.clear();
  device.finish(open, "KASSE-1");
  const Bytes second = device.tar();
  device.files.clear();
  ++device.counter;
  device.audit();
  const Bytes third = device.tar();

  const std::vector<Input> good{{.path = {}, .bytes = second}, {.path = {}, .bytes = first}};
  const auto report = verify_logs(good, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(rules_of(*report), std::set<std::string>{"TSE-0312"}) << report->json();
  EXPECT_TRUE(rules_of(verify_bytes(second)).contains("TSE-0802"));

  const std::vector<Input> gap{
      {.path = {}, .bytes = first}, {.path = {}, .bytes = second}, {.path = {}, .bytes = third}};
  EXPECT_TRUE(rules_of(*verify_logs(gap, {})).contains("TSE-0604"));
  // The same archive twice is practice, not a fault.
  const std::vector<Input> twice{
      {.path = {}, .bytes = first}, {.path = {}, .bytes = first}, {.path = {}, .bytes = second}};
  EXPECT_EQ(rules_of(*verify_logs(twice, {})), std::set<std::string>{"TSE-0312"});
}

TEST(verify_logs, reads_files_folders_single_messages_and_pipes) {
  Device device;
  device.good_day();
  const Folder folder;
  fs::create_directory(folder.path / "logs");
  for (const NamedFile& file : device.all_files()) folder.write("logs/" + file.name, file.content);
  folder.write("export.tar", device.tar());
  folder.write("one.log", device.files[3].content);
  const auto verify_path = [](const fs::path& path) {
    const Input input{.path = path, .bytes = {}};
    return verify_logs({&input, 1}, {});
  };
  for (const char* name : {"logs", "export.tar"}) {
    const auto report = verify_path(folder.path / name);
    ASSERT_TRUE(report.ok()) << report.error().detail;
    EXPECT_EQ(report->signatures.valid, 9U);
    EXPECT_EQ(rules_of(*report), std::set<std::string>{"TSE-0312"}) << report->json();
  }
  const auto single = verify_path(folder.path / "one.log");
  ASSERT_TRUE(single.ok());
  EXPECT_EQ(single->signatures.checked, 0U);
  EXPECT_TRUE(rules_of(*single).contains("TSE-0304"));

  const fs::path pipe = folder.path / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::jthread writer([&] {
    std::ofstream out(pipe, std::ios::binary);
    const Bytes tar = device.tar();
    out << text_of(tar);
  });
  const auto piped = verify_path(pipe);
  ASSERT_TRUE(piped.ok()) << piped.error().detail;
  EXPECT_EQ(piped->signatures.valid, 9U);
}

TEST(verify_logs, what_is_no_export_is_a_clear_error) {
  const Folder folder;
  folder.write("empty", {});
  folder.write("text", to_bytes("hello"));
  folder.write("packed.tar.gz", to_bytes("\x1F\x8B\x08 and more"));
  const auto code = [&](const char* name) {
    const Input input{.path = folder.path / name, .bytes = {}};
    const auto report = verify_logs({&input, 1}, {});
    return report.ok() ? std::string("ok") : report.error().code;
  };
  EXPECT_EQ(code("missing"), "E-VER-001");
  EXPECT_EQ(code("empty"), "E-VER-002");
  EXPECT_EQ(code("text"), "E-VER-002");
  EXPECT_EQ(code("packed.tar.gz"), "E-VER-003");
}

TEST(verify_logs, memory_does_not_grow_with_the_archive) {
  const Folder folder;
  {
    Device device;
    device.register_client("KASSE-1");
    for (int i = 0; i < 15'000; ++i) device.finish(device.start("KASSE-1"), "KASSE-1");
    folder.write("big.tar", device.tar());
  }
  std::uint64_t most = 0;
  const Input input{.path = folder.path / "big.tar", .bytes = {}};
  const auto report = verify_logs({&input, 1}, {.progress = [&](std::uint64_t, std::uint64_t) {
                                    std::ifstream statm("/proc/self/statm");
                                    std::uint64_t pages = 0;
                                    statm >> pages >> pages;
                                    most = std::max(most, pages * 4096);
                                  }});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->signatures.valid, 30'001U);
  EXPECT_GT(most, 0U);
  EXPECT_LT(most, std::uint64_t{100} << 20);
}

// Material made by others

std::string vectors() {
  const char* folder = std::getenv("SIEGEL_VECTORS");
  return folder == nullptr ? "" : folder;
}

struct Known {
  const char* path;
  std::uint64_t messages;
};
constexpr Known known[] = {
    {"cryptovision/cryptovision_export_2020.tar", 14},
    {"bsi_simulator/sim_ECDSA_SHA256_bpP256r1.tar", 160},
    {"bsi_simulator/sim_ECDSA_SHA3-384_secp384r1.tar", 160},
    {"bsi_simulator/sim_ECDSA_SHA512_bpP512r1.tar", 160},
    {"bsi_simulator/sim_ECSDSA_SHA3-384_bpP384r1.tar", 160},
    {"bsi_simulator/sim_ECSDSA_SHA512_bpP256r1_truncated.tar", 160},
    {"synthetic_v3/v3_P256_SHA256_unixTime.tar", 264},
    {"synthetic_v3/v3_P521_SHA3-512_unixTime.tar", 264},
    {"synthetic_v3/v3_bpP384r1_SHA3-384_generalizedTime.tar", 264},
    {"synthetic_v3/v3_bpP512r1_SHA512_utcTime.tar", 264},
};

TEST(vectors_of_others, every_export_verifies_with_exactly_the_known_counts) {
  if (vectors().empty()) GTEST_SKIP() << "no vectors";
  for (const Known& one : known) {
    const Input input{.path = vectors() + "/tse/" + one.path, .bytes = {}};
    const auto report = verify_logs({&input, 1}, {});
    ASSERT_TRUE(report.ok()) << report.error().detail;
    EXPECT_EQ(report->signatures.checked, one.messages) << one.path;
    EXPECT_EQ(report->signatures.valid, one.messages) << one.path;
    EXPECT_EQ(report->signatures.invalid, 0U) << one.path;
    EXPECT_EQ(report->count(Severity::violation), 0U) << one.path << report->json();
  }
}

TEST(vectors_of_others, a_message_without_its_certificate_is_not_checkable) {
  if (vectors().empty()) GTEST_SKIP() << "no vectors";
  const Input input{.path = vectors() + "/tse/swissbit", .bytes = {}};
  const auto report = verify_logs({&input, 1}, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->signatures.checked, 0U);
  EXPECT_EQ(report->verdict(), Verdict::findings);
  EXPECT_TRUE(rules_of(*report).contains("TSE-0304"));
}

/// Every byte of one message of each kind with its last bit turned, all in one archive.
std::vector<NamedFile> mutants_of(const Input& input, std::vector<NamedFile>& certificates) {
  std::map<std::string, Bytes> by_kind;
  const Status visited = visit_logs(input, [&](const LogFile& file) {
    if (file.bytes.size() < 300) {
      by_kind.try_emplace(
          is_system(file.message.event) ? "system" : std::string(file.message.operation),
          file.bytes.begin(), file.bytes.end());
    }
    return true;
  });
  EXPECT_TRUE(visited.ok());
  const Bytes tar = read_file(input.path, std::uint64_t{1} << 30).value();
  format::TarView view(tar);
  while (*view.next()) {
    if (view.entry().name.find("X509") != std::string_view::npos) {
      certificates.push_back(
          {std::string(view.entry().name), Bytes(view.content().begin(), view.content().end())});
    }
  }
  std::vector<NamedFile> mutants;
  for (const auto& [kind, bytes] : by_kind) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      Bytes mutant = bytes;
      mutant[i] ^= std::byte{1};
      mutants.push_back({fmt::format("{}-{}.log", kind, i), std::move(mutant)});
    }
  }
  return mutants;
}

TEST(vectors_of_others, one_flipped_bit_anywhere_in_a_message_is_caught) {
  if (vectors().empty()) GTEST_SKIP() << "no vectors";
  for (const Known& one : known) {
    const Input input{.path = vectors() + "/tse/" + one.path, .bytes = {}};
    std::vector<NamedFile> files;
    const std::vector<NamedFile> mutants = mutants_of(input, files);
    ASSERT_GT(mutants.size(), 100U);
    for (const NamedFile& mutant : mutants) files.push_back(mutant);
    const Report report = verify_bytes(Device::tar_of(files));
    EXPECT_EQ(report.signatures.valid, 0U) << one.path;
    std::set<std::string> caught;
    for (const Finding& finding : report.findings()) {
      if (finding.severity == Severity::violation) caught.insert(finding.place);
    }
    for (const NamedFile& mutant : mutants) {
      EXPECT_TRUE(caught.contains(mutant.name)) << one.path << " " << mutant.name;
    }
  }
}

}  // namespace
}  // namespace siegel::verify::tse
