#!/bin/sh
# Verifies the kernels in 16 tasks of a Slurm array; the folder is on a file system that all nodes share. Submit it, and the merge after it:
#   id=$(sbatch --parsable examples/slurm-shards.sh)
#   sbatch --dependency=afterany:"$id" --wrap "npx plumbline merge .plumbline/runs/$id --reporter compact,html"
#SBATCH --job-name=plumbline
#SBATCH --array=1-16
#SBATCH --cpus-per-task=2
#SBATCH --time=00:30:00
run=.plumbline/runs/$SLURM_ARRAY_JOB_ID
exec npx plumbline verify kernels.ts --effort thorough --seed "$SLURM_ARRAY_JOB_ID" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --max-time 25m --reporter compact,blob --output-file "blob=$run/$SLURM_ARRAY_TASK_ID.json"
