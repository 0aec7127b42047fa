using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Tests.Models;

/// <summary>The model of credit is about the code that is: it loads and stores the words of a credit as the methods of <c>Credit</c> do.</summary>
public partial class CreditTieTests
{
    /// <summary>The fields of <c>Credit</c> and its gate that owners and visitors share, and their names in the model.</summary>
    private static readonly Dictionary<string, string> s_words =
        new() { ["Inside"] = "INSIDE", ["_floor"] = "FLOOR", ["_left"] = "LEFT", ["_most"] = "MOST" };

    /// <summary>The steps of the gate's methods that call none, by their names.</summary>
    private static readonly Dictionary<string, string[]> s_gate = Methods("Primitives/VisitGate")
        .Where(static method => method.Identifier.Text is "Begin" or "Leave" or "Announce" or "WaitForOwner" or "EndVisit")
        .ToDictionary(static method => method.Identifier.Text, static method => StepsOf(method, gate: []).ToArray());

    /// <summary>Methods for the peak, which the model leaves out. They store none of the words but Inside.</summary>
    private static readonly string[] s_forPeaks = ["Credit.Confirm", "Credit.Restart"];

    private static readonly string s_model = WithoutMutations(Repository.Read($"{Model.Folder}/credit.pml"));

    [Fact]
    public void The_model_loads_and_stores_the_words_in_the_order_of_the_methods()
    {
        var source = Methods("Budgets/Credit")
            .Select(static method => (Name: $"Credit.{method.Identifier.Text}", Steps: Steps(StepsOf(method, s_gate))))
            .Concat(from method in s_gate where method.Key is not ("Begin" or "Leave") select (Name: $"VisitGate.{method.Key}", Steps: Steps(method.Value)))
            .Where(static method => method.Steps.Length > 0).ToDictionary(static method => method.Name, static method => method.Steps);
        Assert.All(s_forPeaks, name => Assert.DoesNotMatch("(FLOOR|LEFT|MOST)=", source[name]));
        Assert.Equal(
            source.Where(static method => !s_forPeaks.Contains(method.Key)).OrderBy(static method => method.Key, StringComparer.Ordinal),
            Inlines().OrderBy(static inline => inline.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Each_method_that_changes_the_bytes_of_a_level_is_a_step_of_the_model()
    {
        // A cancellation is the refund of a request that has failed.
        string[] inModel = ["Cancel", .. LevelMethod().Matches(s_model).Select(static match => match.Groups[1].Value).Distinct()];
        Assert.Equal(
            Methods("Budgets/BudgetLevel").Where(static method => Change().IsMatch(method.ToString())).Select(static method => method.Identifier.Text).Order(),
            inModel.Order());
    }

    private static IEnumerable<MethodDeclarationSyntax> Methods(string type) =>
        Repository.Source.Single(file => file.Path.EndsWith($"/{type}.cs", StringComparison.Ordinal))
            .Tree.DescendantNodes().OfType<MethodDeclarationSyntax>();

    /// <summary>The accesses of a method to the words, in the order of its text: a load is the word, and a store has "=" after it.</summary>
    /// <param name="method">The method.</param>
    /// <param name="gate">The steps of the methods of the gate that it calls.</param>
    private static IEnumerable<string> StepsOf(MethodDeclarationSyntax method, Dictionary<string, string[]> gate) =>
        from name in method.DescendantNodes().OfType<IdentifierNameSyntax>()
        let access = name.Parent is MemberAccessExpressionSyntax member && member.Name == name ? (ExpressionSyntax)member : name
        let isStore = access.Parent is AssignmentExpressionSyntax assignment ? assignment.Left == access
            : access.Ancestors().OfType<InvocationExpressionSyntax>().FirstOrDefault() is { } call
                && call.ToString().StartsWith("Volatile.Write(ref " + access, StringComparison.Ordinal)
        from step in gate.GetValueOrDefault(name.Identifier.Text)
            ?? (s_words.TryGetValue(name.Identifier.Text, out string? word) ? [word + (isStore ? "=" : "")] : [])
        select step;

    /// <summary>The steps of each method that an inline of the model names, by the names of the methods.</summary>
    private static Dictionary<string, string> Inlines()
    {
        string begin = Begin().Match(s_model).Groups[1].Value;
        return (
            from Match inline in Inline().Matches(s_model)
            let steps = Steps(
                from Match step in Step().Matches(inline.Groups[2].Value.Replace("begin(t)", begin, StringComparison.Ordinal))
                select step.Groups[2].Value + (step.Groups[1].Value == "LOAD" ? "" : "="))
            from Match name in Method().Matches(inline.Groups[1].Value)
            select (Name: name.Value, steps)).ToDictionary(static method => method.Name, static method => method.steps);
    }

    /// <summary>Two branches that end alike are one step.</summary>
    private static string Steps(IEnumerable<string> steps)
    {
        string[] all = [.. steps];
        return string.Join(", ", all.Where((step, i) => i == 0 || step != all[i - 1]));
    }

    /// <summary>The text that spin sees without any flag.</summary>
    private static string WithoutMutations(string text)
    {
        var kept = new StringBuilder();
        var isKept = new Stack<(bool Now, bool Before)>();
        foreach (string line in text.Split('\n'))
        {
            string word = line.Split(' ')[0];
            if (word is "#ifdef" or "#ifndef" or "#if")
            {
                isKept.Push((word == "#ifndef", word == "#ifndef"));
            }
            else if (word is "#elif" or "#else")
            {
                (_, bool before) = isKept.Pop();
                isKept.Push((word == "#else" && !before, before));
            }
            else if (word == "#endif")
            {
                isKept.Pop();
            }
            else if (isKept.All(static part => part.Now))
            {
                kept.Append(line).Append('\n');
            }
        }

        return kept.ToString();
    }

    /// <summary>An inline after a comment that names its methods.</summary>
    [GeneratedRegex(@"/\* ((?:Credit|VisitGate)\.[^*]*) \*/\ninline \w+\([^)]*\)\n\{\n(.*?)\n\}\n", RegexOptions.Singleline)]
    private static partial Regex Inline();

    [GeneratedRegex(@"\ninline begin\(t\)\n\{\n(.*?)\n\}\n", RegexOptions.Singleline)]
    private static partial Regex Begin();

    [GeneratedRegex(@"(LOAD|STORE|PUT)\(\w+, (\w+)\(")]
    private static partial Regex Step();

    [GeneratedRegex(@"(Credit|VisitGate)\.\w+")]
    private static partial Regex Method();

    [GeneratedRegex(@"BudgetLevel\.(\w+)")]
    private static partial Regex LevelMethod();

    [GeneratedRegex(@"\bAddUsed\(|IsClosed = true|Credits\.LetGo\(")]
    private static partial Regex Change();
}
