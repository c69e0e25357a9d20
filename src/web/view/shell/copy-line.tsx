/** A line of text to copy. */

import { Button } from "./button.tsx";
import { copy } from "./clipboard.ts";
import { usePage } from "./context.tsx";

export function CopyLine({ id, label, text }: Readonly<Record<"id" | "label" | "text", string>>) {
  const page = usePage();
  const { texts } = page;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="search-row">
        <input id={id} readOnly value={text} onFocus={(event) => event.target.select()} />
        <Button onClick={() => copy(page, text)}>{texts.copy}</Button>
      </div>
    </div>
  );
}
