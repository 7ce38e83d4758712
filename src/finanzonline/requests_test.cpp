#include "finanzonline/requests.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <pugixml.hpp>
#include <string>
#include <utility>
#include <vector>

namespace siegel::finanzonline {
namespace {

const Instant created = *Instant::parse("2026-11-21T05:06:07.891Z");

CertificateSerial serial(std::string_view text = "4107FF48") {
  return *CertificateSerial::parse(text);
}
RegisterId register_id(std::string_view text = "KASSE-01") { return *RegisterId::parse(text); }

Session session() {
  return {"123456789012", "webuser", crypto::SecretBytes::copy_of(bytes_of("SESSION0000001"))};
}

crypto::SecretBytes key() {
  crypto::SecretBytes bytes(32);
  for (std::size_t i = 0; i < 32; ++i) bytes.writable()[i] = static_cast<std::byte>(i);
  return bytes;
}

const std::string receipt_code =
    "_R1-AT1_KASSE-01_1_2026-11-21T05:06:07_0,00_0,00_0,00_0,00_0,00_AAAAAAAAAAA=_4107FF48_"
    "AAAAAAAAAAA=_" +
    std::string(86, 'A') + "==";

template <class T>
Package package_of(T item) {
  Package package{.number = 7, .created = created, .items = {}};
  package.items.emplace_back(std::move(item));
  return package;
}

std::string text(const crypto::SecretBytes& xml) { return std::string(text_of(xml.reveal())); }

// What is between <rkdb> and </rkdb>.
std::string inner(const Package& package) {
  const auto xml = package_request(session(), Mode::test, package);
  EXPECT_TRUE(xml.ok()) << (xml.ok() ? "" : xml.error().detail);
  if (!xml) return {};
  const auto all = text(*xml);
  const auto begin = all.find("<rkdb>") + 6;
  return all.substr(begin, all.find("</rkdb>") - begin);
}

const std::string head =
    "<paket_nr>7</paket_nr><ts_erstellung>2026-11-21T05:06:07Z</ts_erstellung>";

TEST(finanzonline_requests, login_and_logout_have_their_fields_in_the_order_of_the_schema) {
  const Credentials credentials{.participant = "123456789012",
                                .user = "webuser",
                                .pin = crypto::SecretBytes::copy_of(bytes_of("p<i&n\"\xC3\xA4")),
                                .maker = "ATU12345678"};
  const auto login = login_request(credentials);
  ASSERT_TRUE(login.ok());
  EXPECT_EQ(text(*login),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">"
            "<soapenv:Body>"
            "<loginRequest xmlns=\"https://finanzonline.bmf.gv.at/fon/ws/session\">"
            "<tid>123456789012</tid><benid>webuser</benid><pin>p&lt;i&amp;n&quot;\xC3\xA4</pin>"
            "<herstellerid>ATU12345678</herstellerid></loginRequest>"
            "</soapenv:Body></soapenv:Envelope>");
  const auto logout = text(logout_request(session()));
  EXPECT_NE(logout.find("<logoutRequest xmlns=\"https://finanzonline.bmf.gv.at/fon/ws/session\">"
                        "<tid>123456789012</tid><benid>webuser</benid><id>SESSION0000001</id>"
                        "</logoutRequest>"),
            std::string::npos);
}

TEST(finanzonline_requests, a_package_is_a_test_unless_production_is_asked_for) {
  const auto package = package_of(SignerEnd{serial()});
  const auto test = package_request(session(), Mode::test, package);
  ASSERT_TRUE(test.ok());
  EXPECT_NE(text(*test).find("<rkdbRequest xmlns=\"https://finanzonline.bmf.gv.at/rkdb\">"
                             "<tid>123456789012</tid><benid>webuser</benid>"
                             "<id>SESSION0000001</id><art_uebermittlung>T</art_uebermittlung>"
                             "<rkdb><paket_nr>7</paket_nr>"),
            std::string::npos);
  const auto production = package_request(session(), Mode::production, package);
  ASSERT_TRUE(production.ok());
  EXPECT_NE(text(*production).find("<art_uebermittlung>P</art_uebermittlung>"), std::string::npos);
}

TEST(finanzonline_requests, every_item_has_its_elements_in_the_order_of_the_schema) {
  RecordProperty("proves", "AMA-051 AMA-052 AMA-072");
  const Instant begin = *Instant::parse("2026-11-19T08:00:00+01:00");
  EXPECT_EQ(inner(package_of(RegisterSigner{SignerKind::signature_card, "AT1", serial()})),
            head +
                "<registrierung_se><satznr>1</satznr><art_se>SIGNATURKARTE</art_se>"
                "<vda_id>AT1</vda_id><zertifikatsseriennummer hex=\"true\">4107FF48"
                "</zertifikatsseriennummer></registrierung_se>");
  EXPECT_EQ(inner(package_of(RegisterRegister{register_id(), key(), "Caf\xC3\xA9 & Bar"})),
            head +
                "<registrierung_kasse><satznr>1</satznr>"
                "<kassenidentifikationsnummer>KASSE-01</kassenidentifikationsnummer>"
                "<anmerkung>Caf\xC3\xA9 &amp; Bar</anmerkung>"
                "<benutzerschluessel>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
                "</benutzerschluessel></registrierung_kasse>");
  EXPECT_EQ(inner(package_of(SignerOutage{serial(), SignerOutageReason::cannot_sign, begin})),
            head +
                "<ausfall_se><satznr>1</satznr><zertifikatsseriennummer hex=\"true\">4107FF48"
                "</zertifikatsseriennummer><ausfall><begruendung>2</begruendung>"
                "<beginn_ausfall>2026-11-19T07:00:00Z</beginn_ausfall></ausfall></ausfall_se>");
  EXPECT_EQ(inner(package_of(RegisterOutage{register_id(), RegisterOutageReason::other, begin})),
            head +
                "<ausfall_kasse><satznr>1</satznr>"
                "<kassenidentifikationsnummer>KASSE-01</kassenidentifikationsnummer>"
                "<ausfall><begruendung>99</begruendung>"
                "<beginn_ausfall>2026-11-19T07:00:00Z</beginn_ausfall></ausfall>"
                "</ausfall_kasse>");
  EXPECT_EQ(inner(package_of(SignerEnd{serial(), EndReason::irreparable})),
            head +
                "<ausfall_se><satznr>1</satznr><zertifikatsseriennummer hex=\"true\">4107FF48"
                "</zertifikatsseriennummer><ausserbetriebnahme><begruendung>7</begruendung>"
                "</ausserbetriebnahme></ausfall_se>");
  EXPECT_EQ(inner(package_of(RegisterEnd{register_id(), EndReason::planned})),
            head +
                "<ausfall_kasse><satznr>1</satznr>"
                "<kassenidentifikationsnummer>KASSE-01</kassenidentifikationsnummer>"
                "<ausserbetriebnahme><begruendung>6</begruendung></ausserbetriebnahme>"
                "</ausfall_kasse>");
  EXPECT_EQ(inner(package_of(SignerRecovery{serial(), begin})),
            head +
                "<wiederinbetriebnahme_se><satznr>1</satznr>"
                "<zertifikatsseriennummer hex=\"true\">4107FF48</zertifikatsseriennummer>"
                "<ende_ausfall>2026-11-19T07:00:00Z</ende_ausfall></wiederinbetriebnahme_se>");
  EXPECT_EQ(inner(package_of(RegisterRecovery{register_id(), begin})),
            head +
                "<wiederinbetriebnahme_kasse><satznr>1</satznr>"
                "<kassenidentifikationsnummer>KASSE-01</kassenidentifikationsnummer>"
                "<ende_ausfall>2026-11-19T07:00:00Z</ende_ausfall>"
                "</wiederinbetriebnahme_kasse>");
  EXPECT_EQ(inner(package_of(ReceiptCheck{receipt_code})),
            head + "<belegpruefung><satznr>1</satznr><beleg>" + receipt_code +
                "</beleg></belegpruefung>");
}

TEST(finanzonline_requests, a_status_query_names_register_or_device) {
  const auto of_register = status_request(session(), Mode::production,
                                          {.number = 8, .created = created, .of = register_id()});
  ASSERT_TRUE(of_register.ok());
  EXPECT_NE(text(*of_register)
                .find("<art_uebermittlung>P</art_uebermittlung><status_kasse>"
                      "<paket_nr>8</paket_nr><ts_erstellung>2026-11-21T05:06:07Z</ts_erstellung>"
                      "<satznr>1</satznr><kassenidentifikationsnummer>KASSE-01"
                      "</kassenidentifikationsnummer></status_kasse></rkdbRequest>"),
            std::string::npos);
  const auto of_signer = status_request(
      session(), Mode::test,
      {.number = 8, .created = created, .of = serial("12345678"), .client = "091234567"});
  ASSERT_TRUE(of_signer.ok());
  EXPECT_NE(text(*of_signer).find("<status_see><fastnr>091234567</fastnr><paket_nr>8</paket_nr>"),
            std::string::npos);
  EXPECT_NE(text(*of_signer).find("<zertifikatsseriennummer hex=\"true\">12345678<"),
            std::string::npos);
}

TEST(finanzonline_requests, the_databox_is_asked_with_and_without_a_window) {
  EXPECT_NE(text(databox_request(session(), {}))
                .find("<getDataboxRequest xmlns=\"https://finanzonline.bmf.gv.at/fon/ws/databox\">"
                      "<tid>123456789012</tid><benid>webuser</benid><id>SESSION0000001</id>"
                      "<erltyp>P</erltyp></getDataboxRequest>"),
            std::string::npos);
  EXPECT_NE(text(databox_request(session(),
                                 {.window = std::pair(created, created + std::chrono::hours(1))}))
                .find("<ts_zust_von>2026-11-21T05:06:07Z</ts_zust_von>"
                      "<ts_zust_bis>2026-11-21T06:06:07Z</ts_zust_bis>"),
            std::string::npos);
  EXPECT_NE(text(databox_entry_request(session(), "k<1")).find("<applkey>k&lt;1</applkey>"),
            std::string::npos);
}

TEST(finanzonline_requests, many_items_are_numbered_and_must_be_of_one_element) {
  Package package{.number = 1, .created = created, .items = {}};
  package.items.emplace_back(RegisterSigner{SignerKind::own_hsm, "AT2", serial("0a")});
  package.items.emplace_back(RegisterSigner{SignerKind::hsm_service, "AT3", serial("0b")});
  const auto xml = inner(package);
  EXPECT_NE(xml.find("<satznr>1</satznr><art_se>EIGENES_HSM</art_se>"), std::string::npos);
  EXPECT_NE(xml.find("<satznr>2</satznr><art_se>HSM_DIENSTLEISTER</art_se>"), std::string::npos);
  package.items.emplace_back(ReceiptCheck{receipt_code});
  const auto mixed = check(package);
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.error().code, "E-FON-003");
  EXPECT_EQ(mixed.error().place, "/items/2");
}

TEST(finanzonline_requests, what_finanzonline_would_refuse_is_not_sent) {
  const auto refused = [](const Package& package, std::string_view place) {
    const auto result = package_request(session(), Mode::production, package);
    ASSERT_FALSE(result.ok()) << place;
    EXPECT_EQ(result.error().code, "E-FON-003");
    EXPECT_EQ(result.error().place, place) << result.error().detail;
  };
  auto package = package_of(SignerEnd{serial()});
  package.number = 0;
  refused(package, "/number");
  package.number = 1'000'000'000;
  refused(package, "/number");
  package.number = 1;
  package.client = "12345678";
  refused(package, "/client");
  package.client.clear();
  package.items.clear();
  refused(package, "/items");
  for (const auto* provider : {"", "AT0", "AT", "at1", "AT123", "A1", "AT01", "AT9"}) {
    refused(package_of(RegisterSigner{SignerKind::own_hsm, provider, serial()}), "/items/0");
  }
  refused(package_of(RegisterRegister{register_id(), crypto::SecretBytes(31), ""}), "/items/0");
  refused(package_of(RegisterRegister{register_id(), key(), "a\nb"}), "/items/0");
  refused(package_of(RegisterEnd{RegisterId(), EndReason::planned}), "/items/0");
  refused(package_of(SignerRecovery{serial(), Instant()}), "/items/0");
  refused(package_of(ReceiptCheck{receipt_code.substr(1)}), "/items/0");
  refused(package_of(ReceiptCheck{receipt_code + "_x"}), "/items/0");
  refused(package_of(ReceiptCheck{"_a_b_c_d_e_f_g_h_i_j_k_l_m"}), "/items/0");
  refused(package_of(ReceiptCheck{receipt_code + std::string(1000, 'A')}), "/items/0");
  auto two = package_of(ReceiptCheck{receipt_code});
  two.items.emplace_back(ReceiptCheck{receipt_code});
  refused(two, "/items");
  // AT9 is what test transmissions use.
  EXPECT_TRUE(package_request(session(), Mode::test,
                              package_of(RegisterSigner{SignerKind::own_hsm, "AT9", serial()}))
                  .ok());
}

TEST(finanzonline_requests, serials_are_hex_without_prefix) {
  for (const auto* good :
       {"0", "4107FF48", "740f78a4", "12345678901234567890123456789012345678901234567890"}) {
    EXPECT_TRUE(CertificateSerial::parse(good).ok()) << good;
  }
  for (const auto* bad : {"", "0x41", "41 07", "41:07", "G1", "-1",
                          "123456789012345678901234567890123456789012345678901"}) {
    const auto parsed = CertificateSerial::parse(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, "E-FON-002");
  }
}

TEST(finanzonline_requests, access_data_are_checked_and_never_shown) {
  const auto with = [](std::string tid, std::string user, std::string_view pin, std::string maker) {
    return Credentials{std::move(tid), std::move(user), crypto::SecretBytes::copy_of(bytes_of(pin)),
                       std::move(maker)};
  };
  EXPECT_TRUE(check(with("12345678", "abcde", "12345", "ATU12345678")).ok());
  const std::vector<std::pair<Credentials, std::string>> wrong = [&] {
    std::vector<std::pair<Credentials, std::string>> list;
    list.emplace_back(with("1234567", "abcde", "12345", "ATU12345678"), "/participant");
    list.emplace_back(with("12345678-9", "abcde", "12345", "ATU12345678"), "/participant");
    list.emplace_back(with("12345678", "abcd", "12345", "ATU12345678"), "/user");
    list.emplace_back(with("12345678", "abcde", "1234", "ATU12345678"), "/pin");
    list.emplace_back(with("12345678", "abcde", "secretpin\n", "ATU12345678"), "/pin");
    list.emplace_back(with("12345678", "abcde", std::string(129, '1'), "ATU12345678"), "/pin");
    list.emplace_back(with("12345678", "abcde", "12345", "ATU123"), "/maker");
    return list;
  }();
  for (const auto& [credentials, place] : wrong) {
    const auto result = login_request(credentials);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, "E-FON-001");
    EXPECT_EQ(result.error().place, place);
    EXPECT_EQ(result.error().detail.find("secretpin"), std::string::npos);
  }
}

TEST(finanzonline_requests, the_upload_file_is_the_same_package_without_access_data) {
  const auto package = package_of(RegisterRegister{register_id(), key(), ""});
  const auto file = upload_file(package);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(text(*file),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<rkdb xmlns=\"https://finanzonline.bmf.gv.at/rkdb\">" +
                inner(package) + "</rkdb>\n");
}

TEST(finanzonline_requests, any_text_comes_back_from_another_xml_reader) {
  rc::check([] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::elementOf(std::vector<std::string>{"&", "<", ">", "\"", "'", "]]>", "&amp;", "a",
                                                    "\xC3\xBC", "\xF0\x9F\x98\x80", "<!--", " x"}));
    std::string remark;
    for (const auto& piece : pieces) {
      if (utf8_length(remark) + utf8_length(piece) <= 200) remark += piece;
    }
    const auto file = upload_file(package_of(RegisterRegister{register_id(), key(), remark}));
    RC_ASSERT(file.ok());
    pugi::xml_document document;
    const auto xml = text(*file);
    RC_ASSERT(
        document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_ws_pcdata));
    RC_ASSERT(
        std::string(document.child("rkdb").child("registrierung_kasse").child_value("anmerkung")) ==
        remark);
  });
}

}  // namespace
}  // namespace siegel::finanzonline
