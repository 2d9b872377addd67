#!/usr/bin/env bash
#SBATCH --job-name=rnn-zoo
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --requeue

# Train on all nodes of a job, one process on each: sbatch [--nodes=N] examples/slurm.sh NAME [OPTION…]
# The run folder, runs/NAME or that of RUN, must be on a disk the nodes share. A requeued job goes on where it was.

set -euo pipefail
run=${RUN:-runs/$1}
workers=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed 's/.*/"&:2222"/' | paste -sd,)
export WORKERS=$workers
[ -e "$run/run.json" ] && set -- "$@" --resume
srun bash -c '
    export TF_CONFIG="{\"cluster\": {\"worker\": [$WORKERS]}, \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    exec zoo train "$@"
' train "$@" --out "$run"
