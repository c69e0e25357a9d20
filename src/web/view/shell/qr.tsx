/** QR code for a text. */

import { useMemo } from "react";
import { usePage } from "./context.tsx";
import { LazyModule, useModule } from "./lazy.ts";

const encoder = new LazyModule(() => import("../../../base/qr.ts"));

/** Draws black on white in every theme, as scanners require. */
export function Qr({ text }: { readonly text: string }) {
  const { texts } = usePage();
  const { qrPath } = useModule(encoder) ?? {};
  const { size, path } = useMemo(() => qrPath?.(text) ?? { size: 0, path: "" }, [qrPath, text]);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={texts.inviteQr}>
      <path d={path} />
    </svg>
  );
}
