/** One status line that several checks have a part in. */

/** Gives each caller a function of its own; all texts told last make up the line, in the order of the calls. */
export function createStatusParts(tell: (line: string) => void): () => (text: string) => void {
  const texts: string[] = [];
  let said = "";
  return () => {
    const mine = texts.push("") - 1;
    return (text) => {
      texts[mine] = text;
      const line = texts.filter((one) => one !== "").join("; ");
      if (line !== said) tell(line);
      said = line;
    };
  };
}
