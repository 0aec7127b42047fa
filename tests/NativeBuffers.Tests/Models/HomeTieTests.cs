using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NativeBuffers.Blocks.Handles;

namespace NativeBuffers.Tests.Models;

/// <summary>The models of a list's home are about the code that is: the order of the count and the home's name.</summary>
public partial class HomeTieTests
{
    [Fact]
    public void Each_short_path_compares_the_home_after_each_read_of_the_count()
    {
        MethodDeclarationSyntax[] counting =
        [
            .. from file in Repository.Source
               where file.Path.StartsWith("src/NativeBuffers/Lists/", StringComparison.Ordinal)
               from method in file.Tree.DescendantNodes().OfType<MethodDeclarationSyntax>()
               let order = Order(method)
               where order.Contains('c') && order.Contains('h')
               select method,
        ];
        Assert.NotEmpty(counting);
        Assert.All(counting, static method => Assert.Matches("^(c?h)+$", Order(method)));
    }

    [Fact]
    public void No_member_of_a_list_reads_the_count_of_a_block_in_another_way()
    {
        string[] reads =
        [
            .. from file in Repository.Source
               where file.Path.StartsWith("src/NativeBuffers/Lists/", StringComparison.Ordinal)
                   || file.Path.EndsWith("/HomeChanges.cs", StringComparison.Ordinal)
               from node in file.Tree.DescendantNodes().OfType<ExpressionSyntax>()
               where IsCount(node) && !IsWritten(node) && !IsPassed(node)
               select node.ToString(),
        ];

        // The list shows this count to the program. It shows that of a later block, too.
        Array.Sort(reads, StringComparer.Ordinal);
        Assert.Equal([nameof(NativeList<>.ElementCount), nameof(NativeList<>.ElementCount), "later.Count"], reads);
    }

    [Fact]
    public void The_model_of_the_first_block_shows_a_count_and_names_a_home_in_the_order_of_the_code()
    {
        string model = Mutation().Replace(Repository.Read($"{Model.Folder}/first.pml"), "");
        string show = model[model.IndexOf("inline showCount", StringComparison.Ordinal)..];
        Assert.Equal(["NAME", "takeName", "COUNT="], Steps(show[..show.IndexOf("\n}", StringComparison.Ordinal)]));
        Assert.Equal(["NAME", "takeName", "COUNT="], Steps(Method(nameof(HomeBlock.Show))));

        string grow = model[model.IndexOf("In place", StringComparison.Ordinal)..];
        Assert.Equal(["NAME=", "fence", "LATER", "takeName"], Steps(grow[..grow.IndexOf("STORE(2, OPENED", StringComparison.Ordinal)]));
        Assert.Equal(["NAME=", "fence", "LATER", "takeName"], Steps(Method(nameof(HomeBlock.BeginNext))));
    }

    private static bool IsCount(ExpressionSyntax node) => node switch
    {
        MemberAccessExpressionSyntax access => CountOfBlock().IsMatch(access.ToString()),
        IdentifierNameSyntax name => name.Identifier.Text == nameof(NativeList<>.ElementCount) && name.Parent is not MemberAccessExpressionSyntax,
        _ => false,
    };

    private static bool IsWritten(ExpressionSyntax node) =>
        (node.Parent is AssignmentExpressionSyntax assignment && assignment.Left == node)
        || (node.Parent is ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax call } && call.Expression.ToString() == "Volatile.Write");

    /// <summary>Whether the method that is called gets the place, and not the count.</summary>
    private static bool IsPassed(ExpressionSyntax node) => node.Parent is RefExpressionSyntax
        || (node.Parent is ArgumentSyntax { RefOrOutKeyword.RawKind: not 0, Parent.Parent: InvocationExpressionSyntax call }
            && call.Expression.ToString() != "Volatile.Read");

    /// <summary>The reads of the count, and the comparisons of the home, in the order of a method's text.</summary>
    private static string Order(MethodDeclarationSyntax method) => string.Concat(
        from name in method.DescendantNodes().OfType<SimpleNameSyntax>()
        select name.Identifier.Text switch
        {
            nameof(HomeBlock.CountBefore) => "c",
            nameof(HomeBlock.IsHome) or nameof(HomeBlock.IsHomeOf) => "h",
            _ => "",
        });

    private static string Method(string name) => Repository.Source
        .Single(static file => file.Path.EndsWith("/HomeBlock.cs", StringComparison.Ordinal))
        .Tree.DescendantNodes().OfType<MethodDeclarationSyntax>().Single(method => method.Identifier.Text == name).Body!.ToString();

    /// <summary>The accesses to the words of the model, in the words of the model or of the source.</summary>
    private static string[] Steps(string text) =>
    [
        .. from Match step in Step().Matches(text)
           select step.Value switch
           {
               "TakeHome(" or "takeName(" => "takeName",
               "MemoryBarrier" or "FENCE(2)" => "fence",
               "Write(ref _home" or "STORE(2, NAME" => "NAME=",
               "Read(ref _home" or "LOAD(t, NAME" => "NAME",
               "Write(ref shown" or "STORE(t, COUNT" => "COUNT=",
               "Read(ref later" or "LOAD(2, LATER" => "LATER",
               _ => step.Value,
           },
    ];

    [GeneratedRegex(@"(^|\.)(ElementCount|(later|copy|LaterBlock)\.Count)$")]
    private static partial Regex CountOfBlock();

    [GeneratedRegex(@"TakeHome\(|takeName\(|MemoryBarrier|FENCE\(\w+\)|(Write|Read)\(ref \w+|(STORE|LOAD|CAS)\(\w, \w+")]
    private static partial Regex Step();

    /// <summary>The branch that is compiled with the mutation only.</summary>
    [GeneratedRegex(@"#ifdef NO_FENCE_AFTER_NAME\n.*?#else\n", RegexOptions.Singleline)]
    private static partial Regex Mutation();
}
