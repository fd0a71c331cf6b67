// docs/mutants.md: what it says as data, and the page that says it.
const title = '# Planted faults';
const noReason = 'No reason is given yet.';

/**
 * The page as data: for each file its figures, and for each fault that no test notices the reason, both by the fault's text.
 *
 * @returns {Map<string, { figures: number[] | null, reasons: Map<string, string> }>} figures: faults, noticed, of these by a time limit
 */
export function read(text) {
  const page = new Map();
  for (const [, file, ...cells] of text.matchAll(/^\| `(\S+)` +\| +(\S+) +\| +(\S+) +\| +(\S+) +\|/gm))
    page.set(file, { figures: cells[0] === '-' ? null : cells.map(Number), reasons: new Map() });
  for (const section of text.split(/^### /m).slice(1)) {
    const [file] = section.split('\n');
    for (const [, fault, reason] of section.matchAll(/^- (.+)\n((?: {2}.+\n?)+)/gm)) {
      const sentences = reason.trim().replace(/\n */g, '\n');
      page.get(file)?.reasons.set(fault, sentences === noReason ? '' : sentences);
    }
  }
  return page;
}

/** The page that `read` reads, with a row for each file of the list. */
export function write(page, { promiseFiles, wanted }) {
  const rows = Object.keys(promiseFiles).map((file) => [file, page.get(file)?.figures ?? null]);
  const measured = rows.filter(([, figures]) => figures !== null).map(([, figures]) => figures);
  const total = [0, 1, 2].map((i) => measured.reduce((sum, figures) => sum + figures[i], 0));
  const row = (name, figures) => `| ${name} | ${(figures ?? ['-', '-', '-']).join(' | ')} | ${percent(figures)} |`;
  const sections = Object.keys(promiseFiles).flatMap((file) => {
    const reasons = page.get(file)?.reasons ?? new Map();
    if (reasons.size === 0) return [];
    const lines = [...reasons].map(([fault, reason]) => `- ${fault}\n  ${(reason || noReason).replace(/\n/g, '\n  ')}`);
    return [`### ${file}\n\n${lines.join('\n')}`];
  });
  return `${title}

Written by \`npm run test:mutants -- --write\`; the reasons below are by hand.
The command plants one fault after another in the files that carry promises, and runs the specs that \`tools/mutants/files.mjs\` names for each file.
Of all faults at least ${wanted} % must be noticed, and each of the others has its reason here.
A fault that makes a test wait until its time limit counts as noticed, and is counted apart too.
${measured.length} of these ${rows.length} files are measured; a row of dashes is a file that was not yet.
How it works, and which faults it leaves out: [decision 0026](decisions/0026-planted-faults.md).

| file | faults | noticed | by a time limit | share |
| --- | ---: | ---: | ---: | ---: |
${rows.map(([file, figures]) => row(`\`${file}\``, figures)).join('\n')}
${row('all', total)}

## Not noticed, and why

${sections.join('\n\n')}
`;
}

/** What is wrong with the page itself, as sentences: too many faults that no test notices, or one in `files` without a reason. */
export function complaints(page, files, { wanted }) {
  const figures = [...page.values()].map((entry) => entry.figures).filter((each) => each !== null);
  const [faults, noticed] = [0, 1].map((i) => figures.reduce((sum, each) => sum + each[i], 0));
  const low =
    noticed * 100 < faults * wanted ? [`${noticed} of ${faults} faults are noticed, less than ${wanted} %`] : [];
  const open = files.flatMap((file) =>
    [...page.get(file).reasons]
      .filter(([, reason]) => reason === '')
      .map(([fault]) => `${file}: no reason for ${fault}`),
  );
  return [...low, ...open];
}

/** Whole percent, rounded down. */
export const percent = (figures) =>
  figures === null || figures[0] === 0 ? '-' : `${Math.floor((figures[1] * 100) / figures[0])} %`;
