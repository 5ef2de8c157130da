/**
 * What guidance is worth, of campaigns and draws that were written down by `fuzz-power` and `fuzz-rates`, on whatever machines.
 *   node dist/bench/fuzz-table.js <file of trials> <file of draws>
 */
import { rareFaults } from '../fixtures/rare-faults/index.ts';
import { drawnFrom, trialsFrom } from './rare-files.ts';
import { rareTable } from './rare-table.ts';

const [trials, drawn] = [trialsFrom(process.argv[2]), drawnFrom(process.argv[3])];
const table = rareTable(rareFaults.map(({ name }) => name), trials, drawn);
console.table(table);
const rows = Object.values(table);
const rare = rows.filter((row) => Number(row['rate at most (95 %)']) <= 1e-5);
const won = rare.filter((row) => Number(row['median s']) <= 60 && Number(row['times fewer, at least']) >= 10);
console.log(`${rare.length} of ${rows.length} fire on at most one problem in 100,000 (95 %); ${won.length} of them are found within 60 s in the median, by at least 10 times fewer problems than without guidance`);
