/** Formulas as MathML. */

import { useLayoutEffect, useRef } from "react";
import { LazyModule, useModule } from "../shell/lazy.ts";

type Renderer = Pick<typeof import("temml"), "render">;

export const formulaModule = new LazyModule<Renderer>(async () => (await import("temml")).default);

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
  const renderer = useModule(formulaModule);
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const node = place.current;
    if (renderer === undefined || node === null) return;
    try {
      renderer.render(text, node, { ...LIMITS, displayMode: isDisplay, throwOnError: true });
    } catch {
      node.replaceChildren(); // An invalid formula stays as typed.
    }
  }, [renderer, text, isDisplay]);
  return (
    <>
      <span ref={place} className={isDisplay ? "formula is-display" : "formula"} dir="ltr" />
      {/* Hidden beside a drawn formula by the style sheet, at once also for a printer. */}
      <code dir="ltr">{source}</code>
    </>
  );
}
