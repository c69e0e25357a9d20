/** Formulas as MathML. */

import { useLayoutEffect, useRef, useState } from "react";
import { LazyModule, useModule } from "../shell/lazy.ts";

type Renderer = Pick<typeof import("temml"), "render">;

const temml = new LazyModule<Renderer>(async () => (await import("temml")).default);

/** Limits of Temml, so that a hostile formula can neither cover the page nor expand for ever. */
const LIMITS = { maxSize: [10, 10] as [number, number], maxExpand: 100, trust: false };

export interface FormulaProps {
  /** TeX. */
  readonly text: string;
  readonly isDisplay: boolean;
  /** Formula as typed, shown until it is drawn and if it is invalid. */
  readonly source: string;
}

export function Formula({ text, isDisplay, source }: FormulaProps) {
  const renderer = useModule(temml);
  const place = useRef<HTMLSpanElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  useLayoutEffect(() => {
    const node = place.current;
    if (renderer === undefined || node === null) return;
    try {
      renderer.render(text, node, { ...LIMITS, displayMode: isDisplay, throwOnError: true });
      setDrawn(true);
    } catch {
      node.replaceChildren();
      setDrawn(false); // An invalid formula stays as typed.
    }
  }, [renderer, text, isDisplay]);
  return (
    <>
      <span ref={place} className={isDisplay ? "formula is-display" : "formula"} dir="ltr" />
      {!isDrawn && <code dir="ltr">{source}</code>}
    </>
  );
}
