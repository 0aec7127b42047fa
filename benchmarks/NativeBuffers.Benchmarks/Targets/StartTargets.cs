using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The target of the first buffer of a process, with the precompiled image of the package.</summary>
internal static class StartTargets
{
    private const int Processes = 15;
    private const double TargetMilliseconds = 2;

    public static string What => "First buffer of a process, precompiled";

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        int processes = effort.Rounds(Processes);
        string target = $"≤ {TargetMilliseconds:0} ms";
        if (FirstBuffer.TryMakeProgram() is not { } folder)
        {
            yield return new TargetRow(What, "skipped: no image; dotnet pack -c Release makes one") { Ours = "", Target = target, IsMet = true };
            yield break;
        }

        try
        {
            double[] ours = new double[processes];
            double[] theirs = new double[processes];
            for (int i = 0; i < processes; i++)
            {
                ours[i] = FirstBuffer.Measure(folder, isPooled: false);
                theirs[i] = FirstBuffer.Measure(folder, isPooled: true);
            }

            Array.Sort(ours);
            Array.Sort(theirs);
            yield return new TargetRow(What, "ArrayPool.Shared")
            {
                Ours = $"{ours[processes / 2]:0.00} ms",
                Theirs = $"{theirs[processes / 2]:0.00} ms",
                Spread = $"{ours[0]:0.00}-{ours[^1]:0.00} ms",
                Target = target,
                IsMet = ours[processes / 2] <= TargetMilliseconds,
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
