using System.Diagnostics;
using NativeBuffers.CodeGen.Loops;

namespace NativeBuffers.CodeGen;

/// <summary>Calls each loop again and again until the runtime has compiled it for good, and ends.</summary>
/// <remarks>
/// The one argument is the duration, in milliseconds. The just-in-time compiler's output for the loops is requested by
/// environment variables and written to a file by the runtime; the program itself prints nothing.
/// </remarks>
public static class Program
{
    private static readonly Action[] s_loops =
    [
        Sum.Run,
        Fill.Run,
        ForEach.Run,
        ForEachByValue.Run,
        Gather.Run,
        DotProduct.Run,
        DotProductOfUnequalLengths.Run,
        DotProductOfDoubles.Run,
        DotProductOfSpans.Run,
        InParameter.Run,
        SpanOfInParameter.Run,
        SumBesideOtherMembers.Run,
        BorrowedSum.Run,
        BorrowedFill.Run,
        BorrowedForEach.Run,
        BorrowedDotProduct.Run,
        ListSum.Run,
        ListForEach.Run,
        ListElements.Run,
        ScratchListSum.Run,
        ArenaElements.Run,
        CreateAndDispose.Run,
        CreateZeroedAndDispose.Run,
        OthersComeAndGo.Run,
    ];

    public static void Main(string[] arguments)
    {
        var duration = TimeSpan.FromMilliseconds(int.Parse(arguments[0], provider: null));
        var clock = Stopwatch.StartNew();
        do
        {
            for (int i = 0; i < 50; i++)
            {
                foreach (Action loop in s_loops)
                {
                    loop();
                }
            }

            // The compiler's thread needs a processor too.
            Thread.Sleep(1);
        }
        while (clock.Elapsed < duration);
    }
}
