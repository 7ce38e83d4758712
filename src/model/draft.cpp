#include "model/draft.h"

#include "model/plan.h"
#include "model/words.h"

namespace siegel {

std::string_view receipt_kind_text(ReceiptKind kind) {
  return words::of(kind, words::receipt_kind);
}

std::string_view gv_typ_text(GvTyp typ) { return words::of(typ, words::gv_typ); }

std::optional<GvTyp> gv_typ_from(std::string_view text) {
  return words::find<GvTyp>(text, words::gv_typ);
}

std::string_view payment_kind_text(PaymentKind kind) {
  return words::of(kind, words::payment_kind);
}

std::optional<PaymentKind> payment_kind_from(std::string_view text) {
  return words::find<PaymentKind>(text, words::payment_kind);
}

std::string_view process_type_text(ProcessType type) {
  return words::of(type, words::process_type);
}

}  // namespace siegel
