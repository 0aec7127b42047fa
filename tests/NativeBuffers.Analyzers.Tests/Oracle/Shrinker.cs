namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>Makes a program smaller as long as the rules still disagree with the interpreter in the same way.</summary>
internal static class Shrinker
{
    /// <summary>Removes statements, and replaces compound statements by their bodies.</summary>
    /// <param name="program">Changed in place.</param>
    /// <param name="isStillWrong">True if a program compiles, and the rules and the interpreter disagree about it.</param>
    public static async Task ShrinkAsync(OracleProgram program, Func<OracleProgram, Task<bool>> isStillWrong)
    {
        while (await TryStepAsync(program.Body, program, isStillWrong))
        {
        }
    }

    private static async Task<bool> TryStepAsync(List<Statement> block, OracleProgram program, Func<OracleProgram, Task<bool>> isStillWrong)
    {
        for (int index = block.Count - 1; index >= 0; index--)
        {
            Statement statement = block[index];
            foreach (List<Statement> instead in statement.Bodies.Prepend([]))
            {
                block.RemoveAt(index);
                block.InsertRange(index, instead);
                if (await isStillWrong(program))
                {
                    return true;
                }

                block.RemoveRange(index, instead.Count);
                block.Insert(index, statement);
            }

            foreach (List<Statement> body in statement.Bodies)
            {
                if (await TryStepAsync(body, program, isStillWrong))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
