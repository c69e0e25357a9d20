/** Text of a file as a view loads it. */

import { useEffect, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import { decodeTextFile, type TextEncoding } from "../../../core/client/text-encoding.ts";
import type { FileView } from "../../../core/model/state.ts";
import { VIEWED_BYTES_MAX } from "../../transfer/previews.ts";
import { type RunningTask, usePage, useTask } from "../shell/context.tsx";

interface FileText {
  /** `undefined` until it is loaded. */
  readonly text: string | undefined;
  readonly isBinary: boolean;
  /** Encoding in which it is displayed; `undefined` until it is loaded. */
  readonly encoding: TextEncoding | undefined;
  /** False for UTF-8, which needs no mention. */
  readonly isOtherEncoding: boolean;
  readonly choose: (encoding: TextEncoding) => void;
  readonly task: RunningTask;
}

/** @param bytesMax the text is cut there */
export function useFileText({ file, digest }: FileView, bytesMax: number): FileText {
  const { chat } = usePage();
  const task = useTask();
  const [bytes, setBytes] = useState<Uint8Array>();
  const [isBinary, setBinary] = useState(false);
  const [found, setFound] = useState<TextEncoding>();
  const [chosen, choose] = useState<TextEncoding>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched once
  useEffect(() => {
    const stop = new AbortController();
    task.run(async () => {
      const options = { digest, signal: stop.signal };
      const whole = await chat.preview(file, VIEWED_BYTES_MAX, options);
      const first = whole.subarray(0, bytesMax);
      const isCut = first.length < whole.length;
      const decoded = decodeTextFile(first, { language: navigator.language, isCut });
      if (decoded === undefined) return setBinary(true);
      setFound(decoded.encoding);
      setBytes(first);
    });
    return () => stop.abort(new Fault("interrupted", "the viewer was closed"));
  }, []);
  const encoding = chosen ?? found;
  const decoded = bytes && decodeTextFile(bytes, { language: "", encoding, isCut: true });
  const text = decoded && cleanText(decoded.text, { lines: true, tabs: true });
  const isOtherEncoding = found !== undefined && found !== "utf-8";
  return { text, isBinary, encoding, isOtherEncoding, choose, task };
}
