/** Sound and film played inside the message, with seeking. */

import { useEffect, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import type { FileView } from "../../../core/model/state.ts";
import { FaultLine, usePage, useTask } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";

interface PlayerProps {
  readonly file: FileView;
  readonly kind: "sound" | "video";
  /** Reports whether the first frame of a film is fetched before the user plays it. */
  readonly showsFilm: boolean;
}

/** The server streams ranges of the file. A sealed file has none, and is played by the viewer. */
export function Player({ file, kind, showsFilm }: PlayerProps) {
  const { chat, texts } = usePage();
  const task = useTask();
  const isFilm = kind === "video";
  const [isWanted, setWanted] = useState(isFilm && showsFilm);
  const [address, setAddress] = useState<string | undefined>(undefined);
  const [isUnplayable, setUnplayable] = useState(false);
  const name = cleanText(file.name);
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => {
    if (isWanted && file.isSealed !== true)
      task.run(async () => setAddress(`${await chat.downloadPath(file.file)}?view`));
  }, [isWanted]);
  if (file.isSealed === true) return null;
  if (isUnplayable) return <p className="file-note">{texts.notPlayable}</p>;
  if (!isWanted) {
    return <IconButton icon="play" label={texts.play(name)} onPress={() => setWanted(true)} />;
  }
  const shared = { controls: true, "aria-label": name, onError: () => setUnplayable(true) };
  if (isFilm) {
    return (
      <>
        <video
          {...shared}
          className="picture film"
          preload="metadata"
          playsInline
          // Safari draws the first frame only after seeking to it.
          {...(address === undefined ? {} : { src: `${address}#t=0.001` })}
        />
        <FaultLine fault={task.fault} />
      </>
    );
  }
  return (
    <>
      {address === undefined ? null : (
        <audio {...shared} className="sound" src={address} autoPlay />
      )}
      <FaultLine fault={task.fault} />
    </>
  );
}
