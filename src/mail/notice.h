#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/time.h"
#include "model/master.h"

// The notices a shop gets by mail: from plain values to subject and text. Pure.
namespace siegel::mail {

/// Where it happened. Empty fields are left out.
struct Place {
  std::string shop;           ///< name of the business
  std::string register_name;  ///< "Kasse 1 (KASSE-01)"
};

/// One signature device does not work. `replaced_by`: the device that signs instead; empty: none,
/// receipts say "Sicherheitseinrichtung ausgefallen".
struct SignerFailed {
  std::string signer;  ///< "card-1 (Seriennummer 4107FF48)"
  LocalStamp since;
  std::string cause;  ///< one sentence of the error
  std::string code;   ///< "E-CRD-012"; may be empty
  std::string replaced_by = {};
};
/// It works again.
struct SignerWorks {
  std::string signer;
  LocalStamp since;
  LocalStamp until;
  std::int64_t unsigned_receipts = 0;
  std::string collective_receipt = {};  ///< number of the Sammelbeleg; empty: none was needed
  bool reported = false;  ///< the outage was reported to FinanzOnline: its end must be, too
};
/// An outage is close to, or beyond, 48 hours.
struct OutageReportDue {
  std::string signer;
  LocalStamp since;
  LocalStamp due;  ///< since + 48 h
  int hours = 0;   ///< that it has lasted
};

/// A German TSE does not work.
struct TseFailed {
  std::string tse;  ///< "tse-1 (Seriennummer 5f0c...)"
  LocalStamp since;
  std::string cause;
  std::string code;
  std::uint64_t number = 0;  ///< of the outage
};
struct TseWorks {
  std::string tse;
  LocalStamp since;
  LocalStamp until;
  std::uint64_t number = 0;
  std::int64_t unsigned_receipts = 0;
};
/// A printer, a transmission unit or a whole till does not work (TSS-005), or works again.
struct OtherFailed {
  std::string device;  ///< "printer:bar", "register:KASSE-01"
  LocalStamp since;
  std::string cause;
  std::string code;
};
struct OtherWorks {
  std::string device;
  LocalStamp since;
  LocalStamp until;
};
/// An outage of any device goes on.
struct OutageLasts {
  std::string device;
  LocalStamp since;
  std::string code;
  std::uint64_t number = 0;
  std::int64_t minutes = 0;  ///< that it has lasted
  std::int64_t unsigned_receipts = 0;
};
/// The signature of a receipt that went out unsigned was found on the TSE.
struct LateSignatureFound {
  std::string tse;
  std::string receipt;  ///< its number
  std::uint64_t transaction = 0;
};
struct ClosingDone {
  std::uint64_t number = 0;
  LocalStamp at;
  std::uint64_t receipts = 0;
  std::string turnover;  ///< "1.234,50 EUR"
};
/// Nothing can be sold until a person acts.
struct JournalNotWritable {
  std::string cause;
  std::string code;
};
/// Another data folder uses the journal's witness: a copy of this shop runs or ran.
struct ShopCopied {
  std::string cause;
};
/// What others worded already, in both languages: forecasts, checks of the machine.
struct Announcement {
  std::string de, en;                ///< what happened; one line
  std::string remedy_de, remedy_en;  ///< what to do; may be empty
  std::string code;
};

enum class DueReceipt { month, year, closing };
/// Monatsbeleg or Jahresbeleg is to be made. `period`: "2026-11" or "2026".
struct ReceiptDue {
  DueReceipt kind = DueReceipt::month;
  std::string period;
  std::string number = {};  ///< set if it was made by itself: the receipt's number
};
struct ReceiptFailed {
  DueReceipt kind = DueReceipt::month;
  std::string period;
  std::string cause;
  std::string code;
};
/// The Jahresbeleg is to be checked with FinanzOnline, or the last receipt of a quarter.
struct ReceiptCheckDue {
  std::string period;   ///< "2026" or "2026-Q3"
  std::string receipt;  ///< its number
  Date until;
};
/// Device and register are to be registered and the Startbeleg checked within a week.
struct RegistrationDue {
  Date until;
};
struct BackupDue {
  std::string period;  ///< "2026-Q3"
  Date until;
};
/// Only to try the settings.
struct Trial {};

struct Notice {
  Place place;
  std::variant<SignerFailed, SignerWorks, OutageReportDue, ReceiptDue, ReceiptFailed,
               ReceiptCheckDue, RegistrationDue, BackupDue, Trial, TseFailed, TseWorks, OtherFailed,
               OtherWorks, OutageLasts, LateSignatureFound, ClosingDone, JournalNotWritable,
               ShopCopied, Announcement>
      what;
};

struct Text {
  std::string subject;  ///< one line
  std::string body;     ///< lines end in \n
};
/// What happened, whether the shop may go on selling, what to do now, until when.
[[nodiscard]] Text compose(const Notice& notice, Language language);

}  // namespace siegel::mail
