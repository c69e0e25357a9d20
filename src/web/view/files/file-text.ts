/** Text of a file as a view loads it. */

import { useEffect, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import type { FileView } from "../../../core/model/state.ts";
import { VIEWED_BYTES_MAX } from "../../transfer/previews.ts";
import { type RunningTask, usePage, useTask } from "../shell/context.tsx";

interface FileText {
  /** `undefined` until it is loaded. */
  readonly text: string | undefined;
  readonly task: RunningTask;
}

/** @param bytesMax the text is cut there */
export function useFileText({ file, digest }: FileView, bytesMax: number): FileText {
  const { chat } = usePage();
  const task = useTask();
  const [text, setText] = useState<string>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched once
  useEffect(() => {
    const stop = new AbortController();
    task.run(async () => {
      const options = { digest, signal: stop.signal };
      const bytes = await chat.preview(file, VIEWED_BYTES_MAX, options);
      const decoded = new TextDecoder().decode(bytes.subarray(0, bytesMax));
      setText(cleanText(decoded, { lines: true, tabs: true }));
    });
    return () => stop.abort(new Fault("interrupted", "the viewer was closed"));
  }, []);
  return { text, task };
}
