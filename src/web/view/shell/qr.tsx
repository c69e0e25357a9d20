/** QR code for a text. */

import { useMemo } from "react";
import { Announced } from "./announced.tsx";
import { usePage } from "./context.tsx";
import { LazyModule, useLoading } from "./lazy.ts";

const encoder = new LazyModule(() => import("../../../base/qr.ts"));

/**
 * Draws black on white in every theme, as scanners require.
 * @param label default: of an invite's link
 */
export function Qr({ text, label }: { readonly text: string; readonly label?: string }) {
  const { texts } = usePage();
  const { loaded, hasFailed } = useLoading(encoder);
  const { size, path } = useMemo(
    () => loaded?.qrPath(text) ?? { size: 0, path: "" },
    [loaded, text],
  );
  if (hasFailed) return <Announced kind="fault">{texts.partMissing}</Announced>;
  return (
    <svg
      className="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label ?? texts.inviteQr}
    >
      <path d={path} />
    </svg>
  );
}
