namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>Adds disposals to a program that loses owners: a <c>using</c>, or a call at the end of the block.</summary>
internal sealed class Tidier(OracleProgram program)
{
    public void Run()
    {
        // Lost owners are found one after another: a disposal may make another one right.
        foreach ((List<Statement> block, OwnerVariable variable) in Declarations(program.Body).ToList())
        {
            int lost = Lost();
            if (lost == 0)
            {
                return;
            }

            if (!TryUsing(variable, lost))
            {
                TryDispose(block, variable, lost);
            }
        }
    }

    private static IEnumerable<(List<Statement> Block, OwnerVariable Variable)> Declarations(List<Statement> block)
    {
        foreach (Statement statement in block)
        {
            if (statement is Statement.Declare { Target: var declared })
            {
                yield return (block, declared);
            }
            else if (statement is Statement.TryDeclare { Target: var tried })
            {
                yield return (block, tried);
            }

            foreach ((List<Statement>, OwnerVariable) within in statement.Bodies.SelectMany(Declarations))
            {
                yield return within;
            }
        }
    }

    private int Lost() => Interpreter.Run(program).Mistakes.Count;

    private bool TryUsing(OwnerVariable variable, int lost)
    {
        bool isChanged = program.Statements.Any(
            statement => statement switch
            {
                Statement.TryDeclare declare => declare.Target == variable,
                Statement.Assign assign => assign.Target == variable,
                Statement.Declare { Value: Source.Empty } declare => declare.Target == variable,
                Statement.Act { Deed: Deed.PassRef or Deed.StoreGrown or Deed.PassGrown or Deed.EndInside or Deed.RenewInside } act => act.On == variable,
                Statement.Return { Value: var value } => value == variable,
                Statement.UsingOld use => use.On == variable,
                _ => false,
            });
        if (variable.IsUsing || isChanged)
        {
            return false;
        }

        variable.IsUsing = true;
        if (Lost() < lost)
        {
            return true;
        }

        variable.IsUsing = false;
        return false;
    }

    private void TryDispose(List<Statement> block, OwnerVariable variable, int lost)
    {
        if (variable.IsUsing)
        {
            return;
        }

        bool leaves = block[^1] is Statement.Return or Statement.Throw or Statement.Break;
        int end = leaves ? block.Count - 1 : block.Count;
        block.Insert(end, new Statement.Act(variable, Deed.Dispose));
        if (Lost() >= lost)
        {
            block.RemoveAt(end);
        }
    }
}
