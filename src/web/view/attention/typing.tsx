/** Typing indicators below the composer. */

import { cleanText } from "../../../base/text.ts";
import { typingNames } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { usePage } from "../shell/context.tsx";

export function Typing({ model }: { readonly model: Model }) {
  const { texts } = usePage();
  const names = typingNames(model).map((name) => cleanText(name));
  return names.length === 0 ? null : <p className="typing">{texts.typing(names)}</p>;
}
