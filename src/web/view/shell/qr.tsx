/** QR code for a text. */

import { useMemo } from "react";
import { qrDots } from "../../../base/qr.ts";
import { usePage } from "./context.tsx";

/** Draws black on white in every theme, as scanners require. */
export function Qr({ text }: { readonly text: string }) {
  const { texts } = usePage();
  const { size, path } = useMemo(() => {
    const dots = qrDots(text);
    const squares = dots.flatMap((line, row) =>
      line.flatMap((isDark, column) => (isDark ? [`M${column} ${row}h1v1h-1z`] : [])),
    );
    return { size: dots.length, path: squares.join("") };
  }, [text]);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={texts.inviteQr}>
      <path d={path} />
    </svg>
  );
}
