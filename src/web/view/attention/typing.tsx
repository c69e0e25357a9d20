import { cleanText } from "../../../base/text.ts";
import { typingNames } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { usePartPage } from "../shell/part-page.ts";

/** Under the composer, in a line that is always free for it. Nobody is read it aloud. */
export function Typing({ model }: { readonly model: Model }) {
  const { texts } = usePartPage();
  const names = typingNames(model).map((name) => cleanText(name));
  return names.length === 0 ? null : <p className="typing">{texts.typing(names)}</p>;
}
