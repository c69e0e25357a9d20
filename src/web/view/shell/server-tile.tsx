/** The server as a tile with its initials. */

import { cleanText } from "../../../base/text.ts";
import { initialsOf } from "../../../ui/text/initials.ts";

export function ServerTile({ name }: { readonly name: string }) {
  return (
    <span className="tile tile-server" aria-hidden="true">
      {initialsOf(cleanText(name))}
    </span>
  );
}
