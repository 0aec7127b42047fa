using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NativeBuffers.ApiCheck;

/// <summary>Runs all checks; an argument runs those whose name contains it. The exit code is the number of checks that failed.</summary>
public static class Program
{
    public static int Main(string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        (string Name, Action Run)[] checks =
        [
            .. BufferChecks.All, .. OwnerChecks.All, .. CollectionChecks.All, .. SystemChecks.All, .. InteropChecks.All, .. DiagnosticChecks.All,
        ];
        int failed = 0;
        int run = 0;
        foreach ((string name, Action check) in checks.Where(check => arguments.All(check.Name.Contains)))
        {
            run++;
            try
            {
                check();
            }
            catch (Exception exception)
            {
                failed++;
                Console.WriteLine($"failed {name}: {exception}");
            }
        }

        Console.WriteLine(
            $"{run - failed} of {run} checks in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s on {RuntimeInformation.RuntimeIdentifier}, "
            + $"{RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}");
        return failed;
    }
}
