namespace NativeBuffers.Benchmarks;

/// <summary>The text of <c>--help</c>.</summary>
internal static class Usage
{
    public const string Text = """
        Measures scoped native buffers against what C# programs use today.

        targets [--only TEXT] [--strict]   In about four minutes: each target that has a figure, ours and theirs in
                [--short]                  one process, in turns, and whether it is met.
                --only TEXT                Only rows whose name contains TEXT.
                --short                    In about one minute: shows that each row runs, with rough figures.
                --strict                   Exit with 1 when a target is missed.

        scale [--threads N] [--only TEXT]  In about two minutes: how the time of each work grows with the threads.
                --threads N                The most threads; as many as there are cores, by default.
                --only TEXT                Only rows whose name contains TEXT.

        many [--only TEXT]                 In about five minutes: blocks of four sizes, of which up to a million are live at
                                           once, as multiples of mimalloc's time.
                --only TEXT                Only rows whose name contains TEXT.

        Anything else goes to BenchmarkDotNet, which takes longer and says more:

        --list flat                        Names of all benchmarks.
        --filter *Scoped*                  Run those whose name matches; *, for all.
        --filter *Sum* --job short         The same, quick and rough.

        From the root of the repository: dotnet run -c Release --project benchmarks/NativeBuffers.Benchmarks -- targets
        """;
}
