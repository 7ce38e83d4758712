#include "verify/rksv/rksv.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>

#include "base/file.h"
#include "format/json.h"
#include "format/qr.h"
#include "verify/rksv/dep_reader.h"
#include "verify/rksv/number_set.h"
#include "verify/rksv/testing.h"

namespace siegel::verify::rksv {
namespace {

using namespace testing;
using Rules = std::vector<std::string>;

std::string json_of(const Outcome& outcome) {
  MemorySink sink;
  EXPECT_TRUE(outcome.write_json(sink).ok());
  return std::string(text_of(sink.bytes()));
}

const Finding* first_of(const std::vector<Finding>& findings, std::string_view rule) {
  const auto found = std::ranges::find(findings, rule, &Finding::rule);
  return found == findings.end() ? nullptr : &*found;
}

/// A quarter of a register: sales, training, cancellation, an outage, closings.
Till quarter() {
  Till till;
  till.start();
  till.sale();
  till.write(till.next(As::storno, {-500, 0, 0, 0, 0}));
  till.write(till.next(As::training, {999, 0, 0, 0, 0}));
  till.sale(333);
  till.outage_sale(100);
  till.outage_sale(200);
  till.sale(50);
  till.null_receipt();
  till.at("2026-03-31T19:00:00");
  till.null_receipt();
  till.at("2026-04-01T09:00:00");
  till.sale(77);
  till.at("2026-04-30T19:00:00");
  till.null_receipt();
  return till;
}

TEST(rksv, a_register_that_does_all_right_passes) {
  const Till till = quarter();
  const Outcome outcome = verify(till);
  EXPECT_EQ(outcome.report.verdict(), Verdict::pass) << findings_text(outcome.report);
  EXPECT_EQ(outcome.official.state(), Official::State::pass);
  EXPECT_EQ(outcome.report.signatures.valid, till.receipts.size() - 2);
  EXPECT_EQ(outcome.report.signatures.checked, till.receipts.size() - 2);
  const Outcome with_certificates = verify(till.dep(true), till.container(), at_noon()).value();
  EXPECT_EQ(with_certificates.report.verdict(), Verdict::pass)
      << findings_text(with_certificates.report);
}

TEST(rksv, closed_systems_and_several_devices_pass) {
  Till closed("GGS-1", true);
  closed.start();
  closed.sale();
  EXPECT_EQ(verify(closed).report.verdict(), Verdict::pass);
  Till till;
  const std::size_t second = till.add_device();
  till.start();
  Draft draft = till.next(As::standard, {100, 0, 0, 0, 0});
  draft.device = second;
  draft.serial = till.devices[second].serial;
  till.write(draft);
  till.sale();
  EXPECT_EQ(verify(till).report.verdict(), Verdict::pass);
}

/// Signs the second of three receipts in some wrong way; what the report says of it.
std::string mistake(const std::function<std::string(Till&, Draft&)>& write) {
  Till till;
  till.add_device();
  till.start();
  Draft draft = till.next(As::standard, {1000, 0, 0, 0, 0});
  till.write(write(till, draft));
  till.sale();
  const Outcome outcome = verify(till);
  const auto found = violations(outcome.report);
  EXPECT_EQ(outcome.report.signatures.invalid, 1U);
  return fmt::format("{}", fmt::join(found, " "));
}

TEST(rksv, says_which_mistake_a_wrong_signature_is) {
  const auto signature = [](const Till& till, const Draft& draft) {
    return till.sign(draft, till.input(draft));
  };
  const auto joined = [](const Till& till, const Draft& draft, BytesView bytes) {
    return till.input(draft) + "." + base64url(bytes);
  };
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              return joined(
                  till, draft,
                  crypto::der_from_plain(crypto::Curve::p256, signature(till, draft)).value());
            }),
            "RKS-0402");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              Bytes plain = signature(till, draft);
              std::rotate(plain.begin(), plain.begin() + 32, plain.end());
              return joined(till, draft, plain);
            }),
            "RKS-0403");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              const Hash256 hash = crypto::sha256(bytes_of(till.input(draft)));
              return joined(till, draft, till.sign(draft, text_of(hash)));
            }),
            "RKS-0404");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              std::string payload = till.payload(draft);
              const std::string padded = pad(base64url(bytes_of(payload)));
              if (!padded.ends_with('=')) {
                // Three more bytes change nothing, two do.
                draft.number += "0";
                payload = till.payload(draft);
              }
              return joined(till, draft,
                            till.sign(draft, std::string(jws_header) + "." +
                                                 pad(base64url(bytes_of(payload)))));
            }),
            "RKS-0405");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              draft.device = 1;  // but the serial of the first
              return till.jws(draft);
            }),
            "RKS-0406");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              return joined(till, draft, till.sign(draft, till.payload(draft)));
            }),
            "RKS-0407");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              Bytes plain = signature(till, draft);
              plain.pop_back();
              return joined(till, draft, plain);
            }),
            "RKS-0408");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              draft.header = R"({"alg":"ES256","typ":"JWT"})";
              return till.jws(draft);
            }),
            "RKS-0203 RKS-0409");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) { return joined(till, draft, Bytes(64)); }),
            "RKS-0410");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              return joined(till, draft, bytes_of(hex(signature(till, draft))));
            }),
            "RKS-0411");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              return joined(till, draft, bytes_of(base64(signature(till, draft))));
            }),
            "RKS-0411");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              return joined(till, draft, bytes_of("SICHERHEITSEINRICHTUNG AUSGEFALLEN"));
            }),
            "RKS-0412");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              Bytes plain = signature(till, draft);
              std::reverse(plain.begin(), plain.begin() + 32);
              std::reverse(plain.begin() + 32, plain.end());
              return joined(till, draft, plain);
            }),
            "RKS-0414");
  EXPECT_EQ(mistake([&](Till& till, Draft& draft) {
              return joined(till, draft, till.sign(draft, "another receipt"));
            }),
            "RKS-0401");
}

/// The third receipt, with something wrong in its counter.
Rules counter_mistake(const std::function<void(Till&, Draft&)>& change) {
  Till till;
  till.start();
  till.write(till.next(As::training, {700, 0, 0, 0, 0}));
  till.write(till.next(As::storno, {-300, 0, 0, 0, 0}));
  Draft draft = till.next(As::standard, {1000, 0, 0, 0, 0});
  change(till, draft);
  till.write(draft);
  till.sale();
  const Outcome outcome = verify(till);
  // One cause, one finding: the official tool reports the next receipt too.
  EXPECT_EQ(outcome.report.count(Severity::violation), 1U) << findings_text(outcome.report);
  EXPECT_EQ(outcome.report.count("RKS-0902"), 1U) << findings_text(outcome.report);
  return violations(outcome.report);
}

TEST(rksv, says_which_mistake_a_wrong_counter_is) {
  EXPECT_EQ(counter_mistake([](Till&, Draft& draft) { *draft.counter += 1; }), Rules{"RKS-0604"});
  EXPECT_EQ(counter_mistake([](Till&, Draft& draft) { *draft.counter += 700; }), Rules{"RKS-0615"});
  EXPECT_EQ(counter_mistake([](Till&, Draft& draft) { *draft.counter += 300; }), Rules{"RKS-0616"});
  EXPECT_EQ(counter_mistake([](Till& till, Draft& draft) {
              const Hash256 hash = crypto::sha256(bytes_of(draft.number + draft.register_id));
              draft.field_10 = till.encrypt(*draft.counter, 8, BytesView(hash).first(16));
            }),
            Rules{"RKS-0617"});
  EXPECT_EQ(counter_mistake([](Till& till, Draft& draft) {
              std::uint64_t turned = 0;
              auto rest = static_cast<std::uint64_t>(*draft.counter);
              for (int i = 0; i < 8; ++i, rest >>= 8U) turned = turned << 8U | (rest & 255U);
              const Hash256 hash = crypto::sha256(bytes_of(draft.register_id + draft.number));
              draft.field_10 =
                  till.encrypt(static_cast<std::int64_t>(turned), 8, BytesView(hash).first(16));
            }),
            Rules{"RKS-0618"});
}

TEST(rksv, a_wrong_key_is_one_finding) {
  Till till;
  till.start();
  for (int i = 0; i < 5; ++i) till.sale();
  const std::string dep = till.dep();
  till.aes_key()[3] ^= std::byte{1};
  const Outcome outcome = verify(dep, till.container()).value();
  EXPECT_EQ(violations(outcome.report), Rules{"RKS-0619"});
  EXPECT_EQ(outcome.report.count(Severity::violation), 1U);
  EXPECT_EQ(outcome.official.state(), Official::State::fail);
}

TEST(rksv, a_cause_is_told_once_and_what_follows_is_marked) {
  Till till;
  till.start();
  till.sale();
  // The amount was changed later, in the stored text.
  Draft draft = till.next(As::standard, {1000, 0, 0, 0, 0});
  const std::string right = till.jws(draft);
  draft.amounts[0] = "9,00";
  const std::string wrong = till.input(draft) + right.substr(right.rfind('.'));
  till.write(right);
  for (int i = 0; i < 10; ++i) till.sale();
  till.receipts[2] = wrong;
  const Outcome outcome = verify(till);
  const auto findings = outcome.report.findings();
  EXPECT_EQ(violations(outcome.report), (Rules{"RKS-0401", "RKS-0604"}));
  ASSERT_NE(first_of(findings, "RKS-0401"), nullptr);
  EXPECT_EQ(first_of(findings, "RKS-0401")->place, "receipt 3, Belegnummer 3");
  ASSERT_NE(first_of(findings, "RKS-0901"), nullptr);
  EXPECT_EQ(first_of(findings, "RKS-0901")->place, "receipt 4, Belegnummer 4");
  EXPECT_EQ(first_of(findings, "RKS-0901")->severity, Severity::info);
  // The tool goes on failing; for us these are consequences.
  EXPECT_GT(outcome.report.count("RKS-0902"), 5U) << findings_text(outcome.report);
}

TEST(rksv, a_missing_receipt_breaks_the_chain) {
  Till till = quarter();
  till.receipts.erase(till.receipts.begin() + 4);
  EXPECT_EQ(violations(verify(till).report), (Rules{"RKS-0604", "RKS-0613"}));
  Till swapped = quarter();
  std::swap(swapped.receipts[4], swapped.receipts[5]);
  const auto found = violations(verify(swapped).report);
  EXPECT_TRUE(std::ranges::count(found, "RKS-0613") == 1) << findings_text(verify(swapped).report);
}

TEST(rksv, months_and_years_want_their_receipts) {
  const auto found = [](const std::vector<std::string>& steps) {
    Till till;
    till.start();
    for (const std::string& step : steps) {
      till.at(step.substr(0, 10) + "T12:00:00");
      Draft draft =
          step.ends_with("sale") ? till.next(As::standard, {100, 0, 0, 0, 0}) : till.next(As::null);
      draft.outage = step.ends_with("unsigned");
      till.write(draft);
    }
    Rules out;
    for (const Finding& one : verify(till).report.findings()) out.push_back(one.rule);
    return out;
  };
  EXPECT_EQ(found({"2026-03-05 sale", "2026-03-31 null", "2026-04-01 sale"}), Rules{});
  // Made before the first sale of the new month: early enough.
  EXPECT_EQ(found({"2026-03-05 sale", "2026-04-01 null", "2026-04-01 sale"}), Rules{});
  EXPECT_EQ(found({"2026-03-05 sale", "2026-04-01 sale", "2026-04-02 null"}), Rules{"RKS-0623"});
  EXPECT_EQ(found({"2026-03-05 sale", "2026-03-06 null", "2026-03-07 sale", "2026-05-01 sale"}),
            Rules{"RKS-0623"});
}

TEST(rksv, years_end_needs_a_signed_receipt) {
  const auto found = [](bool with_null, bool is_signed) {
    Till till;
    till.at("2025-12-30T12:00:00");
    till.start();
    till.sale();
    if (with_null) {
      Draft draft = till.next(As::null);
      draft.outage = !is_signed;
      till.write(draft);
    }
    till.at("2026-01-02T12:00:00");
    till.sale();
    const Report report = verify(till).report;
    return std::pair(report.count("RKS-0624"), report.count("RKS-0625"));
  };
  EXPECT_EQ(found(true, true), std::pair(0UL, 0UL));
  EXPECT_EQ(found(false, true), std::pair(1UL, 0UL));
  EXPECT_EQ(found(true, false), std::pair(0UL, 1UL));
}

TEST(rksv, certificates_of_the_dep_are_compared) {
  Till till = quarter();
  const std::string own = base64(till.devices.front().certificate->der());
  const auto quoted = [](const crypto::Certificate& one) {
    return fmt::format("\"{}\"", base64(one.der()));
  };
  const auto found = [&](const std::string& certificate, const std::string& issuers,
                         const Options& options = at_noon()) {
    const std::string dep =
        "{\"Belege-Gruppe\":[" + Till::group(till.receipts, certificate, issuers) + "]}";
    return violations(verify(dep, till.container(), options).value().report);
  };
  const std::string root = quoted(*till.issuer.certificate);
  EXPECT_EQ(found(own, root), Rules{});
  EXPECT_EQ(found(own, ""), Rules{});
  EXPECT_EQ(found("AAAA", root), Rules{"RKS-0501"});
  EXPECT_EQ(found(own, "\"AAAA\""), Rules{"RKS-0501"});
  EXPECT_EQ(found(own, root + "," + quoted(*Issuer("other", 7).certificate)), Rules{"RKS-0503"});
  // The same number, another key.
  Issuer twin("twin");
  EXPECT_EQ(
      found(base64(twin.issue("signer", new_key().public_key()).der()), quoted(*twin.certificate)),
      Rules{"RKS-0507"});
  Issuer other("other", 5);
  EXPECT_EQ(
      found(base64(other.issue("other", new_key().public_key()).der()), quoted(*other.certificate)),
      Rules{"RKS-0502"});
  Options trusting = at_noon();
  trusting.trust_anchors = {*till.issuer.certificate};
  EXPECT_EQ(found(own, root, trusting), Rules{});
  EXPECT_EQ(found(own, "", trusting), Rules{});
  trusting.trust_anchors = {*other.certificate};
  EXPECT_EQ(found(own, root, trusting), Rules{"RKS-0505"});
}

TEST(rksv, containers_that_do_not_fit_are_findings) {
  Till till;
  till.start();
  till.sale();
  const auto found = [&](const std::string& container) {
    const Outcome outcome = verify(till.dep(), container).value();
    EXPECT_NE(outcome.official.state(), Official::State::pass);
    return violations(outcome.report);
  };
  EXPECT_EQ(found("{"), (Rules{"RKS-0107", "RKS-0420"}));
  EXPECT_EQ(found("[]"), (Rules{"RKS-0107", "RKS-0420"}));
  EXPECT_EQ(found("{}"), (Rules{"RKS-0108", "RKS-0420"}));
  const std::string good = till.container();
  const auto replaced = [&](const std::string& what, const std::string& with) {
    std::string out = good;
    out.replace(out.find(what), what.size(), with);
    return out;
  };
  const std::string& serial = till.devices.front().serial;
  EXPECT_EQ(found(replaced("base64AESKey", "aesKey")), Rules{"RKS-0108"});
  EXPECT_EQ(found(replaced("base64AESKey\":\"", "base64AESKey\":\"AA")), Rules{"RKS-0108"});
  EXPECT_EQ(found(replaced("CERTIFICATE", "PUBLIC_KEY")), (Rules{"RKS-0109", "RKS-0421"}));
  EXPECT_EQ(found(replaced("CERTIFICATE", "Certificate")), (Rules{"RKS-0109", "RKS-0421"}));
  // Filed under another spelling.
  std::string upper = serial;
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (upper != serial) {
    EXPECT_EQ(found(replaced(serial, upper)), Rules{"RKS-0422"});
  }
  EXPECT_EQ(found(replaced(serial, "00" + serial)), Rules{"RKS-0422"});
  // Under another number altogether.
  EXPECT_EQ(found(replaced(serial, "1234")), (Rules{"RKS-0110", "RKS-0422"}));
}

TEST(rksv, one_code_is_checked_in_every_form) {
  RecordProperty("proves", "AMA-070");
  const Till till = quarter();
  const std::string container = till.container();
  const std::string qr = till.code(till.receipts[1]);
  ASSERT_TRUE(is_code(qr));
  const auto check = [&](const std::string& text) {
    return verify_codes({&text, 1}, {.bytes = bytes_of(container)}, at_noon()).value();
  };
  for (const std::string& text : {qr, till.receipts[1]}) {
    const Outcome outcome = check(text);
    EXPECT_EQ(outcome.report.verdict(), Verdict::pass) << findings_text(outcome.report);
    EXPECT_EQ(outcome.report.signatures.valid, 1U);
    EXPECT_EQ(outcome.official.state(), Official::State::pass);
  }
  std::string changed = qr;
  changed.replace(changed.find("12,50"), 5, "12,51");
  EXPECT_EQ(violations(check(changed).report), Rules{"RKS-0401"});
  EXPECT_EQ(check("_R1-AT1_").report.verdict(), Verdict::fail);
  EXPECT_EQ(check("").report.verdict(), Verdict::fail);
  EXPECT_EQ(check(std::string(100'000, '_')).report.verdict(), Verdict::fail);
}

TEST(rksv, a_picture_of_a_receipt_is_checked) {
  RecordProperty("proves", "AMA-070");
  const Till till = quarter();
  const std::string container = till.container();
  const auto picture = [&](const std::string& text) {
    return format::encode_png(format::draw_qr(format::encode_qr(text).value())).value();
  };
  const auto good = verify_picture(picture(till.code(till.receipts[1])),
                                   {.bytes = bytes_of(container)}, at_noon());
  ASSERT_TRUE(good.ok()) << good.error().detail;
  EXPECT_EQ(good->report.verdict(), Verdict::pass) << findings_text(good->report);
  EXPECT_EQ(good->report.signatures.valid, 1U);
  const auto other =
      verify_picture(picture("https://example.org"), {.bytes = bytes_of(container)}, at_noon());
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(violations(other->report), Rules{"RKS-0115"});
}

TEST(rksv, a_list_of_codes_is_streamed) {
  const Till till = quarter();
  const std::string container = till.container();
  std::string list = "[";
  for (std::size_t i = 0; i < till.receipts.size(); ++i) {
    list += fmt::format("{}\"{}\"", i == 0 ? "" : ",\n ", till.code(till.receipts[i]));
  }
  list += "]";
  EXPECT_EQ(shape_of(list), Shape::code_list);
  const auto outcome =
      verify_code_list({.bytes = bytes_of(list)}, {.bytes = bytes_of(container)}, at_noon());
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->report.verdict(), Verdict::pass) << findings_text(outcome->report);
  EXPECT_EQ(outcome->official.kept(), till.receipts.size());
  const std::string broken = list.substr(0, list.size() - 5);
  const auto cut =
      verify_code_list({.bytes = bytes_of(broken)}, {.bytes = bytes_of(container)}, at_noon());
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(violations(cut->report), Rules{"RKS-0101"});
  EXPECT_EQ(cut->official.state(), Official::State::no_output);
}

TEST(rksv, both_spellings_a_mark_and_unknown_members_are_read) {
  const Till till = quarter();
  std::string dep = till.dep(true);
  const std::string key = "Signaturzertifikat";
  dep.replace(dep.find(key), key.size(), "Signatur- bzw. Siegelzertifikat");
  const Outcome outcome = verify("\xEF\xBB\xBF" + dep, till.container()).value();
  EXPECT_EQ(outcome.report.verdict(), Verdict::pass) << findings_text(outcome.report);
  std::string more = till.dep();
  more.insert(more.find('{') + 1,
              R"("Kassen-ID":"x","n":[1,-2.5e3,true,null,{"a":{"b":"\u00e4\n"}}],)");
  const Outcome also = verify(more, till.container()).value();
  EXPECT_EQ(also.report.verdict(), Verdict::findings);
  EXPECT_EQ(also.report.count("RKS-0104"), 2U);
  EXPECT_EQ(also.official.state(), Official::State::pass);
}

TEST(rksv, hostile_input_is_an_answer) {
  const Till till = quarter();
  const std::string container = till.container();
  const std::string deep(100'000, '[');
  const std::string long_text = "{\"Belege-Gruppe\":[{\"Belege-kompakt\":[\"" +
                                std::string(std::size_t{3} << 20, 'A') + "\"]}]}";
  std::string escapes = "{\"x\":\"";
  for (int i = 0; i < 300'000; ++i) escapes += "\\n";
  std::string groups = "{\"Belege-Gruppe\":[";
  for (int i = 0; i < 20'000; ++i) groups += "{\"Belege-kompakt\":[]},";
  for (const std::string& dep : {
           std::string(),
           std::string("nothing"),
           std::string("{}"),
           std::string("[]"),
           std::string("null"),
           std::string("{\"Belege-Gruppe\":{}}"),
           std::string("{\"Belege-Gruppe\":[]}"),
           std::string("{\"Belege-Gruppe\":[{}]}"),
           std::string("{\"Belege-Gruppe\":[null]}"),
           std::string("{\"Belege-Gruppe\":[{\"Belege-kompakt\":[1,{},[],true,null]}]}"),
           std::string("{\"Belege-Gruppe\":[{\"Belege-kompakt\":[\"\",\".\",\"..\",\"...\"]}]}"),
           std::string("{\"Belege-Gruppe\":[{\"Zertifizierungsstellen\":\"x\"}]}"),
           "{\"x\":" + deep,
           deep,
           long_text,
           escapes,
           escapes + "\"}",
           groups + "{}]}",
           std::string("\x00\x01\x02", 3),
           till.dep().substr(0, till.dep().size() / 2),
           till.dep() + "x",
       }) {
    const auto outcome = verify(dep, container);
    ASSERT_TRUE(outcome.ok()) << excerpt(dep);
    EXPECT_EQ(outcome->report.verdict(), Verdict::fail) << excerpt(dep);
    EXPECT_TRUE(json::parse(json_of(*outcome), {.bytes_max = std::size_t{64} << 20}).ok())
        << excerpt(dep);
  }
}

TEST(rksv, a_file_that_cannot_be_read_is_an_error) {
  const auto outcome =
      verify_dep({.path = "/nonexistent/dep.json"}, {.bytes = bytes_of("{}")}, at_noon());
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, "E-VER-001");
  const auto folder = verify_dep({.bytes = {}}, {.path = "/"}, at_noon());
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, "E-VER-001");
}

/// What the official tool says of the third of four receipts.
std::string official_of(const std::function<void(Draft&)>& change) {
  Till till;
  till.start();
  till.sale();
  Draft draft = till.next(As::standard, {100, 0, 0, 0, 0});
  change(draft);
  till.write(draft);
  till.sale();
  const Outcome outcome = verify(till);
  const Official::Receipt third = outcome.official.receipt(2);
  return fmt::format("{};{}", fmt::join(ids_of(third.cashbox), ","),
                     fmt::join(ids_of(third.dep), ","));
}

TEST(rksv_official, forms_the_tool_was_seen_to_refuse_or_let_pass) {
  const auto suite = [](const std::string& text) {
    return official_of([&](Draft& draft) { draft.suite = text; });
  };
  for (const char* text : {"R1-AT1", "R1-AT2", "R1-AT9", "R1-AT100"}) {
    EXPECT_EQ(suite(text), ";") << text;
  }
  for (const char* text : {"R1-AT", "R1-AT01", "R10-AT1", "R1AT1", "r1-at1"}) {
    EXPECT_EQ(suite(text), "CONSTRAINTS_PRE_DB/RKSUITE/FORMAT_RK_STRING;DEP_CHAINING_VALUE")
        << text;
  }
  for (const char* text : {"R2-AT1", "R1-DE1", "R1-AT101"}) {
    EXPECT_EQ(suite(text), "CONSTRAINTS_PRE_DB/RKSUITE;DEP_CHAINING_VALUE") << text;
  }
  const auto time = [](const std::string& text) {
    return official_of([&](Draft& draft) { draft.time = text; });
  };
  for (const char* text :
       {"2026-03-02T09:00:00Z", "2026-03-02T09:00:00+01:00", "2026-03-02T09:00:00.000",
        "2026-03-02T09:00", "2026-03-02 09:00:00", "2026-02-30T09:00:00"}) {
    EXPECT_EQ(time(text), "CONSTRAINTS_PRE_DB/FORMAT_CHECK_TIMEANDDATE;DEP_CHAINING_VALUE") << text;
  }
  EXPECT_EQ(time("2026-03-02T08:00:00"), ";DEP_TIME_SEQUENCE");
  const auto amount = [](const std::string& text) {
    return official_of([&](Draft& draft) { draft.amounts[0] = text; });
  };
  for (const char* text : {"1.00", " 1,00", "01,00"}) EXPECT_EQ(amount(text), ";") << text;
  for (const char* text : {"1", "1,0", "1,000", "+1,00", "", "eins"}) {
    EXPECT_EQ(amount(text), "RECEIPT_FULL/FORMAT/FORMAT_TAX_SET;DEP_CHAINING_VALUE") << text;
  }
  for (const std::size_t size : {4U, 5U, 8U, 16U}) {
    EXPECT_EQ(official_of([&](Draft& draft) { draft.counter_bytes = size; }), ";") << size;
  }
  EXPECT_EQ(official_of([](Draft& draft) { draft.counter_bytes = 3; }),
            "RECEIPT_FULL/FORMAT/FORMAT_ENCRYPTED_TURN_OVER_VALUE_BASE64;DEP_CHAINING_VALUE");
  EXPECT_EQ(official_of([](Draft& draft) { draft.register_id = "KASSE-2"; }),
            ";DEP_ONLY_ONE_CASHBOX_ID");
}

TEST(rksv_official, sequences_after_an_outage) {
  const auto passes = [](const std::string& letters) {
    Till till;
    till.start();
    for (const char c : letters) {
      const char kind = static_cast<char>(c | 0x20);
      Draft draft = kind == 'n'   ? till.next(As::null)
                    : kind == 't' ? till.next(As::training, {100, 0, 0, 0, 0})
                                  : till.next(As::standard, {100, 0, 0, 0, 0});
      draft.outage = c == 'F' || c == 'n' || c == 't';
      till.write(draft);
    }
    return verify(till).official.state() == Official::State::pass;
  };
  for (const char* good : {"FN", "FSN", "FTN", "F", "FS", "FF", "FFSN", "SN", "tN"}) {
    EXPECT_TRUE(passes(good)) << good;
  }
  for (const char* bad : {"FSSN", "FTTN", "FSFN", "FFSSN", "tSS", "Fn", "n"}) {
    EXPECT_FALSE(passes(bad)) << bad;
  }
}

TEST(rksv_official, keys_that_are_missing) {
  Till till;
  till.start();
  till.sale();
  std::string keys = till.container();
  keys.replace(keys.find("base64AESKey"), 12, "somethingNew");
  const Outcome outcome = verify(till.dep(), keys).value();
  EXPECT_EQ(ids_of(outcome.official.receipt(0).cashbox),
            std::vector<std::string_view>{"EXISTS_CASHBOX"});
  const Outcome unknown =
      verify(till.dep(), R"({"base64AESKey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="})")
          .value();
  EXPECT_EQ(ids_of(unknown.official.receipt(0).cashbox),
            std::vector<std::string_view>{"VERIFICATION_FROM_CASHBOX"});
}

TEST(rksv, any_number_of_threads_finds_the_same) {
  Till till;
  till.start();
  for (int i = 0; i < 300; ++i) {
    if (i % 50 == 7) {
      Draft draft = till.next(As::standard, {100, 0, 0, 0, 0});
      if (i % 100 == 7) *draft.counter += 5;
      draft.amounts[1] = i % 3 == 0 ? "0,0" : "0,00";
      till.write(draft);
    } else if (i % 60 == 11) {
      till.outage_sale();
    } else if (i % 9 == 0) {
      till.null_receipt();
    } else {
      till.sale();
    }
  }
  till.receipts[100][40] ^= 1;
  const std::string dep = till.dep();
  const std::string container = till.container();
  std::string first;
  for (const unsigned threads : {1U, 2U, 5U}) {
    Options options = at_noon();
    options.threads = threads;
    const auto outcome = verify(dep, container, options);
    ASSERT_TRUE(outcome.ok());
    const std::string found = json_of(*outcome);
    if (first.empty()) first = found;
    EXPECT_EQ(found, first) << threads;
  }
}

TEST(rksv, receipts_of_the_official_tool_need_not_be_kept) {
  const Till till = quarter();
  Options options = at_noon();
  options.keep_official_receipts = false;
  const Outcome outcome = verify(till, options);
  EXPECT_EQ(outcome.official.kept(), 0U);
  EXPECT_EQ(outcome.official.count(), till.receipts.size());
  EXPECT_EQ(outcome.official.state(), Official::State::pass);
}

TEST(rksv, future_receipts_are_accepted_if_asked) {
  Till till;
  till.at("2030-01-01T12:00:00");
  till.start();
  EXPECT_EQ(violations(verify(till).report), Rules{"RKS-0309"});
  Options options = at_noon();
  options.accept_future = true;
  EXPECT_EQ(violations(verify(till, options).report), Rules{});
}

TEST(rksv_property, a_flipped_bit_anywhere_is_found) {
  Till till;
  till.add_device();
  till.start();
  till.sale();
  till.outage_sale();
  till.null_receipt();
  till.write(till.next(As::storno, {-500, 0, 0, 0, 0}));
  till.write(till.next(As::training, {999, 0, 0, 0, 0}));
  till.sale();
  const std::string dep = till.dep(true);
  const std::string container = till.container();
  ASSERT_EQ(verify(dep, container)->report.verdict(), Verdict::pass);
  EXPECT_TRUE(rc::check("a flipped bit is found", [&] {
    const auto bit = *rc::gen::inRange<std::size_t>(0, dep.size() * 8);
    std::string changed = dep;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto outcome = verify(changed, container);
    RC_ASSERT(outcome.ok());
    RC_LOG() << "byte " << bit / 8 << " bit " << bit % 8 << ": "
             << excerpt(changed.substr(bit / 8));
    RC_ASSERT(outcome->report.verdict() != Verdict::pass);
  }));
}

TEST(rksv_property, amounts_are_written_and_read_alike) {
  EXPECT_TRUE(rc::check("amounts", [](std::int64_t cents) {
    cents %= 10'000'000'000'000'000;
    const Amount amount = parse_amount(cents_text(cents));
    RC_ASSERT(amount.readable);
    RC_ASSERT(amount.canonical);
    RC_ASSERT(amount.cents == cents);
  }));
  EXPECT_TRUE(rc::check("any text is an answer", [](const std::string& text) {
    const Amount amount = parse_amount(text);
    RC_ASSERT(!amount.canonical || cents_text(amount.cents) == text);
  }));
}

TEST(rksv_property, times_are_written_and_read_alike) {
  EXPECT_TRUE(rc::check("times", [] {
    const auto seconds = *rc::gen::inRange<std::int64_t>(-62'000'000'000, 250'000'000'000);
    RC_ASSERT(parse_civil(civil_text(seconds)) == seconds);
  }));
  for (const char* text : {"2026-02-29T12:00:00", "2026-13-01T12:00:00", "2026-01-01T24:00:00",
                           "2026-01-01T12:60:00", "2026-01-01T12:00:60", "2026-01-01 12:00:00",
                           "2026-01-01T12:00:00Z", "2026-1-01T12:00:00", ""}) {
    EXPECT_FALSE(parse_civil(text)) << text;
  }
}

TEST(rksv_property, amounts_as_the_official_tool_reads_them) {
  for (const char* text : {"1.00", "1.234,56", "-0,00", "01,00", " 1,00", "1234567,89"}) {
    EXPECT_TRUE(parse_amount(text).readable) << text;
  }
  for (const char* text : {"1", "1,0", "1,000", "+1,00", "", "abc", "1,2x", ",00", "-", "--1,00",
                           "1,,00", "12.34,56", "99999999999999999,00"}) {
    EXPECT_FALSE(parse_amount(text).readable) << text;
  }
}

TEST(rksv_page, worked_example_is_what_we_compute) {
  const auto bytes = read_file(SIEGEL_SOURCE_DIR "/docs/formats/rksv-dep.md", 1 << 20);
  ASSERT_TRUE(bytes.ok());
  const std::string_view page = text_of(*bytes);
  std::string dep =
      "{\"Belege-Gruppe\":[{\"Signaturzertifikat\":\"\",\"Zertifizierungsstellen\":"
      "[],\"Belege-kompakt\":[";
  std::size_t receipts = 0;
  for (std::size_t at = page.find("\n" + std::string(jws_header) + "."); at != page.npos;
       at = page.find("\n" + std::string(jws_header) + ".", at + 1)) {
    const std::string_view line = page.substr(at + 1, page.find('\n', at + 1) - at - 1);
    dep += fmt::format("{}\"{}\"", receipts++ == 0 ? "" : ",", line);
  }
  dep += "]}]}";
  EXPECT_EQ(receipts, 2U);
  const std::string container =
      R"({"base64AESKey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="})";
  const Outcome outcome = verify(dep, container).value();
  // Chain and counter hold; the Startbeleg lacks its signature, the container the device.
  EXPECT_EQ(violations(outcome.report), (Rules{"RKS-0420", "RKS-0610"}))
      << findings_text(outcome.report);
  EXPECT_EQ(outcome.report.count("RKS-0626"), 1U);
}

TEST(number_set, knows_what_was_there) {
  NumberSet set;
  SeededRandom random(42);
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 100'000; ++i) all.push_back(random.next());
  all.push_back(0);
  for (const std::uint64_t one : all) EXPECT_TRUE(set.insert(one));
  for (const std::uint64_t one : all) EXPECT_FALSE(set.insert(one));
  EXPECT_EQ(set.size(), all.size());
}

}  // namespace
}  // namespace siegel::verify::rksv
