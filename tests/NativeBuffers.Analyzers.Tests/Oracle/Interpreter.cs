namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>Runs a program on every path, each loop 0 to 3 times, and says which mistakes happen.</summary>
/// <remarks>A call never throws here: only <c>throw</c> leaves a method with an exception.</remarks>
internal static class Interpreter
{
    private const int MostRuns = 4000;

    /// <summary>False if a statement names a variable that no statement before it declares: a shrunk program.</summary>
    public static bool CanRun(OracleProgram program)
    {
        try
        {
            _ = Run(program);
            return true;
        }
        catch (KeyNotFoundException)
        {
            return false;
        }
    }

    public static Findings Run(OracleProgram program)
    {
        List<Mistake> mistakes = [];
        HashSet<Statement> doubts = [];
        var choices = new Choices();
        int runs = 0;
        do
        {
            if (++runs > MostRuns)
            {
                return new Findings(mistakes, doubts, IsWhole: false);
            }

            new Walk(choices, mistakes, doubts).Run(program);
        }
        while (choices.Next());
        return new Findings(mistakes, doubts, IsWhole: true);
    }
}
