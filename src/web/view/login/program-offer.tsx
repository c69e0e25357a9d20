/** Download links for the terminal program, with checksums. */

import { useEffect, useState } from "react";
import { formatSize } from "../../../base/sizes.ts";
import { ifPossible } from "../../../io/promises.ts";
import type { StartTexts } from "../../../ui/messages/en/start.ts";
import { installCommand } from "../../../ui/text/install-command.ts";
import {
  browserSystem,
  checksumCommand,
  type OfferedProgram,
  offeredPrograms,
  offeredRelease,
  type ReleaseOffer,
} from "../../input/programs.ts";
import { Button } from "../shell/button.tsx";
import { copy } from "../shell/clipboard.ts";
import { useStart } from "../shell/context.tsx";

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

interface Offer {
  readonly programs: readonly OfferedProgram[];
  readonly release: ReleaseOffer | undefined;
}

function useOffer(): Offer {
  const { chat } = useStart();
  const [offer, setOffer] = useState<Offer>({ programs: [], release: undefined });
  useEffect(() => {
    if (chat.isLocal) return;
    const abort = new AbortController();
    const offered = fetch("/program/", { signal: abort.signal })
      .then((answer) => (answer.ok ? answer.json() : undefined))
      .then((answer: unknown) =>
        setOffer({ programs: offeredPrograms(answer), release: offeredRelease(answer) }),
      );
    void ifPossible(offered);
    return () => abort.abort();
  }, [chat]);
  return offer;
}

export function ProgramOffer() {
  const { texts } = useStart();
  const { programs, release } = useOffer();
  const ownSystem = browserSystem(navigator.userAgent);
  const ownProgram = programs.find(({ system }) => system === ownSystem);
  if (programs.length === 0) return null;
  return (
    <footer className="program-offer">
      {release === undefined || ownSystem === undefined ? null : (
        <>
          <p>{texts.programInstall}</p>
          <Command
            label={texts.programInstall}
            command={installCommand(ownSystem, `${location.origin}/program`, release.pin)}
            texts={texts}
          />
        </>
      )}
      <p>
        {ownProgram === undefined ? (
          texts.programOffered
        ) : (
          <Download program={ownProgram} texts={texts} />
        )}
      </p>
      <details>
        <summary>{texts.programMore}</summary>
        <ul>
          {programs.map((program) => (
            <li key={program.name}>
              {program === ownProgram ? null : <Download program={program} texts={texts} />}
              <Command label={program.name} command={checksumCommand(program)} texts={texts} />
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
  readonly texts: StartTexts;
}

function Download({ program: { name, system, sizeBytes }, texts }: ProgramProps) {
  return (
    <a href={`/program/${name}`} download={name}>
      {texts.programFor(SYSTEM_NAMES[system] ?? system, formatSize(sizeBytes))}
    </a>
  );
}

interface CommandProps {
  readonly label: string;
  readonly command: string;
  readonly texts: StartTexts;
}

function Command({ label, command, texts }: CommandProps) {
  const page = useStart();
  return (
    <div className="program-check">
      <code dir="ltr">{command}</code>
      <Button
        variant="small"
        aria-label={`${texts.copy}: ${label}`}
        onClick={() => copy(page, command)}
      >
        {texts.copy}
      </Button>
    </div>
  );
}
