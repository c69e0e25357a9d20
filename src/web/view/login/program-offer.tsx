/** Download links of the terminal program, with their checksums. */

import { useEffect, useState } from "react";
import { formatSize } from "../../../base/sizes.ts";
import type { AllTexts } from "../../../ui/messages/en/parts.ts";
import {
  browserSystem,
  checksumCommand,
  type OfferedProgram,
  offeredPrograms,
} from "../../input/programs.ts";
import { Button } from "../shell/button.tsx";
import { copy } from "../shell/clipboard.ts";
import { useFullPage } from "../shell/full-page.ts";

const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  "linux-x64": "Linux",
  "linux-x64-baseline": "Linux (x64 without AVX2)",
  "linux-x64-musl": "Linux (musl)",
  "linux-arm64": "Linux (ARM)",
  "linux-arm64-musl": "Linux (ARM, musl)",
  "darwin-arm64": "macOS",
  "darwin-x64": "macOS (Intel)",
  "windows-x64": "Windows",
};

/** Programs that the server offers; requested when first shown. */
function usePrograms(): readonly OfferedProgram[] {
  const { chat } = useFullPage();
  const [programs, setPrograms] = useState<readonly OfferedProgram[]>([]);
  useEffect(() => {
    // Users of `chat web` already have the program.
    if (chat.isLocal) return;
    const abort = new AbortController();
    fetch("/program/", { signal: abort.signal })
      .then((answer) => (answer.ok ? answer.json() : undefined))
      .then((answer: unknown) => setPrograms(offeredPrograms(answer)))
      .catch(() => undefined); // Then nothing is offered.
    return () => abort.abort();
  }, [chat]);
  return programs;
}

/** Download links, with the visitor's system first. */
export function ProgramOffer() {
  const { texts } = useFullPage();
  const programs = usePrograms();
  const own = browserSystem(navigator.userAgent);
  const mine = programs.find(({ system }) => system === own);
  if (programs.length === 0) return null;
  return (
    <footer className="program-offer">
      <p>{mine === undefined ? texts.programOffered : <Download program={mine} texts={texts} />}</p>
      <details>
        <summary>{texts.programMore}</summary>
        <ul>
          {programs.map((program) => (
            <li key={program.name}>
              {program === mine ? null : <Download program={program} texts={texts} />}
              <ChecksumCommand program={program} texts={texts} />
            </li>
          ))}
        </ul>
        <p className="hint">{texts.programCheck}</p>
      </details>
    </footer>
  );
}

interface ProgramProps {
  readonly program: OfferedProgram;
  readonly texts: AllTexts;
}

function Download({ program: { name, system, sizeBytes }, texts }: ProgramProps) {
  return (
    <a href={`/program/${name}`} download={name}>
      {texts.programFor(SYSTEM_NAMES[system] ?? system, formatSize(sizeBytes))}
    </a>
  );
}

/** The checksum, inside the command that compares it. */
function ChecksumCommand({ program, texts }: ProgramProps) {
  const page = useFullPage();
  const command = checksumCommand(program);
  return (
    <div className="program-check">
      <code dir="ltr">{command}</code>
      <Button
        variant="small"
        aria-label={`${texts.copy}: ${program.name}`}
        onClick={() => copy(page, command)}
      >
        {texts.copy}
      </Button>
    </div>
  );
}
