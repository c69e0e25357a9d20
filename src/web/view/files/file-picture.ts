/** Picture of a file as a view loads it. */

import { useEffect, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import type { FileView } from "../../../core/model/state.ts";
import type { Picture } from "../../transfer/previews.ts";
import { usePage } from "../shell/context.tsx";
import { whenSettled } from "../shell/effects.ts";
import { getPreviews } from "./scale.ts";

type Loaded =
  | { readonly kind: "coming" | "none" | "failed" }
  | { readonly kind: "here"; readonly picture: Picture };

export function useFilePicture(file: FileView): Loaded {
  const page = usePage();
  const previews = getPreviews(page);
  const cached = previews.get(file.file);
  const [loaded, setLoaded] = useState<Loaded>(
    cached === undefined ? { kind: "coming" } : { kind: "here", picture: cached },
  );
  useEffect(() => {
    const { result, release: leave } = previews.request(file);
    const stop = whenSettled(
      result,
      (picture) => setLoaded(picture === undefined ? { kind: "none" } : { kind: "here", picture }),
      (error) => {
        if (!(error instanceof Fault)) throw error;
        setLoaded({ kind: "failed" });
      },
    );
    return () => {
      stop();
      leave();
    };
  }, [previews, file]);
  return loaded;
}
