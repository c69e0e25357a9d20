/** Name of a file. If it is too long, its stem is cut, and its extension remains. */

import { extensionOf } from "../../browser/media.ts";

export function FileName({ name }: { readonly name: string }) {
  const { length } = extensionOf(name);
  const end = name.length - length - 1;
  if (length === 0 || end <= 0) return name;
  return (
    <span className="cut-name">
      <span>{name.slice(0, end)}</span>
      <span>{name.slice(end)}</span>
    </span>
  );
}
